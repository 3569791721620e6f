#include <array>
#include <effv2/core/byte_source.hpp>
#include <numeric>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::byte_source_test {

namespace {

std::vector<std::uint8_t> counting(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

void check_reads(ByteSource& source) {
  CHECK(source.bytes_at_most() == 5);
  std::array<std::uint8_t, 3> part{};
  REQUIRE(source.read(part) == 3);
  CHECK(part == std::array<std::uint8_t, 3>{1, 2, 3});
  REQUIRE(source.read(part) == 2);
  CHECK(part == std::array<std::uint8_t, 3>{4, 5, 3});
  CHECK(source.read(part) == 0);
}

ErrorCode code_of_opening(const std::string& path) {
  try {
    std::array<std::uint8_t, 1> byte{};
    open_file(path)->read(byte);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::unsupported;
}

}  // namespace

TEST_CASE("bytes come in order, and fewer at the end", "[data][byte_source]") {
  const std::vector<std::uint8_t> bytes = counting(5);
  MemorySource memory(bytes, "five");
  CHECK(memory.name() == "five");
  check_reads(memory);

  const TemporaryFolder folder;
  const std::string path = folder.write("five", bytes);
  const auto file = open_file(path);
  CHECK(file->name() == path);
  check_reads(*file);
}

TEST_CASE("files that cannot be read are io errors with their path", "[data][byte_source]") {
  const TemporaryFolder folder;
  CHECK(code_of_opening(folder / "missing") == ErrorCode::io);
  CHECK(code_of_opening(folder.path.string()) == ErrorCode::io);
  CHECK_FALSE(file_exists(folder / "missing"));
  CHECK_FALSE(file_exists(folder.path.string()));
  CHECK_THROWS_AS(FileSource(folder.path.string()), Error);
}

}  // namespace effv2::byte_source_test
