// The JSON of a safetensors file by itself: no length and no tensors have to be right.
#include <effv2/io/safetensors_header.hpp>
#include <string>

#include "fuzz.hpp"

void fuzz(Bytes bytes) {
  using namespace effv2;
  static const std::string name = "header";
  io::TensorEntries entries;
  io::Metadata metadata;
  io::detail::SafetensorsHeader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name)
      .parse(entries, metadata);
  std::int64_t end = 0;
  for (const auto& [key, entry] : entries) end = std::max(end, entry.end);
  io::detail::check_layout(entries, end, name);
}
