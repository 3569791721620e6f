#include <effv2/io/model_file.hpp>

#include "fuzz.hpp"

void fuzz(Bytes bytes) {
  using namespace effv2;
  MemorySource source(bytes);
  io::load_model<float>(io::SafetensorsFile::read(source));
}
