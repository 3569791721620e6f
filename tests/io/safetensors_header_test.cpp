#include <effv2/io/safetensors_header.hpp>

#include "../catch.hpp"

namespace effv2::safetensors_header_test {

using namespace effv2::io;

// What is refused, and why, is tested with whole files: safetensors_test.cpp.

TEST_CASE("strings of the header, with every escape", "[safetensors]") {
  TensorEntries entries;
  Metadata metadata;
  const std::string file = "test.safetensors";
  io::detail::SafetensorsHeader(
      R"({ "__metadata__" : {"a\"\\\/\b\f\n\r\t": "\u00e4\u20AC\uD83D\uDE00"}} )", file)
      .parse(entries, metadata);
  const Metadata expected = {{"a\"\\/\b\f\n\r\t", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"}};
  CHECK(metadata == expected);
}

}  // namespace effv2::safetensors_header_test
