#include <effv2/io/safetensors.hpp>

#include "fuzz.hpp"

void fuzz(Bytes bytes) {
  using namespace effv2;
  MemorySource source(bytes);
  const io::SafetensorsFile file = io::SafetensorsFile::read(source);
  for (const auto& [name, entry] : file.entries()) {
    try {
      file.get<double>(name);
    } catch (const Error&) {
      file.flat<std::int64_t>(name);
    }
  }
}
