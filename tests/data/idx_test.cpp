#include <cstring>
#include <effv2/data/idx.hpp>
#include <functional>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::idx_test {

using namespace effv2::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

// Three images of 2 x 2, by hand.
const Bytes small_file = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0,  2,  0,  0,
                          0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 90, 91, 92, 255};

std::string message_of(const Bytes& bytes) {
  try {
    parse_idx<std::uint8_t>(bytes, "small.idx");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::format);
    return error.what();
  }
  FAIL("no error");
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Bytes changed(std::size_t position, std::uint8_t value) {
  Bytes bytes = small_file;
  bytes[position] = value;
  return bytes;
}

}  // namespace

TEST_CASE("an IDX file written by hand is read", "[data][idx]") {
  const Tensor<std::uint8_t> images = parse_idx<std::uint8_t>(small_file);
  REQUIRE(images.shape() == Shape{3, 2, 2});
  CHECK(images(0, 0, 0) == 1);
  CHECK(images(1, 0, 1) == 6);
  CHECK(images(2, 1, 1) == 255);
  CHECK(encode_idx(images) == small_file);
}

TEST_CASE("elements of several bytes are big-endian", "[data][idx]") {
  const Bytes shorts = {0, 0, 0x0B, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE};
  const Tensor<std::int16_t> values = parse_idx<std::int16_t>(shorts);
  REQUIRE(values.shape() == Shape{2});
  CHECK(values[0] == 258);
  CHECK(values[1] == -2);
  CHECK(encode_idx(values) == shorts);

  const Bytes real = {0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0};
  CHECK(parse_idx<float>(real)[0] == 1.5F);
  CHECK(encode_idx(Tensor<float>::filled({1}, 1.5F)) == real);
  CHECK_THROWS_AS(parse_idx<double>(real), Error);
  CHECK_THROWS_AS(parse_idx<std::int8_t>(shorts), Error);
}

TEST_CASE("every prefix of an IDX file is refused, and every longer file", "[data][idx]") {
  for (std::size_t length = 0; length < small_file.size(); ++length) {
    // A copy of its own, so that a sanitizer sees a read beyond its end.
    const Bytes prefix(small_file.begin(),
                       small_file.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_THROWS_AS(parse_idx<std::uint8_t>(prefix), Error);
  }
  Bytes longer = small_file;
  longer.push_back(0);
  CHECK(contains(message_of(longer), "byte 28: expected the end"));
}

TEST_CASE("every change of one byte is refused or gives what the bytes say", "[data][idx]") {
  int accepted_in_header = 0;
  for (std::size_t position = 0; position < small_file.size(); ++position) {
    for (int value = 0; value < 256; ++value) {
      const Bytes bytes = changed(position, static_cast<std::uint8_t>(value));
      try {
        const Tensor<std::uint8_t> images = parse_idx<std::uint8_t>(bytes);
        REQUIRE(encode_idx(images) == bytes);
        if (position < 16 && bytes != small_file) ++accepted_in_header;
      } catch (const Error& error) {
        REQUIRE(position < 16);
        REQUIRE(error.code() == ErrorCode::format);
      }
    }
  }
  CHECK(accepted_in_header == 0);
}

TEST_CASE("IDX errors name the file, the place and both values", "[data][idx]") {
  const std::string magic = message_of(changed(2, 9));
  CHECK(contains(magic, "small.idx"));
  CHECK(contains(magic, "byte 0"));
  CHECK(contains(magic, "0x00000801"));
  CHECK(contains(magic, "0x00000903"));
  CHECK(contains(message_of({0x1F, 0x8B, 8, 0, 0, 0}), "open_gzip"));
  CHECK(contains(message_of({0, 0, 8}), "byte 0: expected 4 bytes of header, got 3"));
  CHECK(contains(message_of(changed(7, 4)), "fit into 28 bytes, got 2 on axis 2 after (4, 2)"));
  const Bytes cut(small_file.begin(), small_file.end() - 1);
  CHECK(contains(message_of(cut), "byte 12: expected extents that fit into 27 bytes"));
}

TEST_CASE("extents too large for the file are refused before memory is asked for", "[data][idx]") {
  // 2^32 - 1 on every axis overflows 64 bits; 2^31 alone would be 2 GB.
  for (const std::uint8_t rank : Bytes{1, 2, 3, 6}) {
    Bytes bytes = {0, 0, 8, rank};
    bytes.resize(4 + std::size_t{4} * rank, 0xFF);
    CHECK(contains(message_of(bytes), "expected extents that fit"));
    bytes.insert(bytes.end(), 100, 0);
    CHECK(contains(message_of(bytes), "expected extents that fit"));
  }
  CHECK(contains(message_of({0, 0, 8, 0}), "byte 0"));
  CHECK(contains(message_of({0, 0, 8, 7, 0, 0, 0, 1}), "byte 0"));
}

TEST_CASE("a source that holds less than it may is found out", "[data][idx]") {
  struct Loose final : ByteSource {
    MemorySource source;
    explicit Loose(const Bytes& bytes) : ByteSource("loose"), source(bytes) {}
    std::size_t read(std::span<std::uint8_t> target) override { return source.read(target); }
    std::uint64_t bytes_at_most() const override { return 1000; }
  };
  for (std::size_t length = 0; length < small_file.size(); ++length) {
    const Bytes prefix(small_file.begin(),
                       small_file.begin() + static_cast<std::ptrdiff_t>(length));
    Loose source(prefix);
    CHECK_THROWS_AS(read_idx<std::uint8_t>(source), Error);
  }
}

TEST_CASE("an axis of no elements is an empty tensor", "[data][idx]") {
  const Bytes bytes = {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 28};
  const Tensor<std::uint8_t> nothing = parse_idx<std::uint8_t>(bytes);
  CHECK(nothing.shape() == Shape{0, 28});
  CHECK(encode_idx(nothing) == bytes);
}

TEST_CASE("IDX files go to the disk and back", "[data][idx]") {
  const TemporaryFolder folder;
  const std::string path = folder / "numbers.idx";
  Tensor<double> numbers({2, 3});
  for (std::int64_t i = 0; i < numbers.size(); ++i) numbers[i] = 1.0 / static_cast<double>(i + 1);
  write_idx(path, numbers);
  const Tensor<double> read = read_idx<double>(path);
  REQUIRE(read.shape() == numbers.shape());
  CHECK(std::memcmp(read.data(), numbers.data(), 6 * sizeof(double)) == 0);
  CHECK_THROWS_AS(read_idx<double>(folder / "missing.idx"), Error);
  CHECK_THROWS_AS(encode_idx(Tensor<double>(Shape{})), Error);
}

}  // namespace effv2::idx_test
