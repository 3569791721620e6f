#include <algorithm>
#include <cstdint>
#include <effv2/io/png.hpp>
#include <string>
#include <vector>

#include "../../examples/decode_picture.hpp"
#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::png_test {

namespace {

Tensor<std::uint8_t> noise(const Shape& shape, std::uint32_t stream) {
  testing::Dice dice(stream);
  Tensor<std::uint8_t> picture(shape);
  for (std::uint8_t& pixel : picture) pixel = static_cast<std::uint8_t>(dice.between(0, 255));
  return picture;
}

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("another program's decoder sees the same pixels", "[png]") {
  // The last is longer than a stored block.
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{28, 28, 1}, Shape{5, 7, 3}, Shape{300, 220, 1},
                             Shape{1, 65534, 1}, Shape{1, 65535, 1}}) {
    CAPTURE(shape.to_string());
    const Tensor<std::uint8_t> picture = noise(shape, 700);
    const Tensor<std::uint8_t> read =
        decode_picture(io::encode_png(picture), "memory", static_cast<int>(shape[2]));
    REQUIRE(read.shape() == shape);
    CHECK(std::equal(read.begin(), read.end(), picture.begin()));
  }
}

TEST_CASE("the checksums are those of the standards", "[png]") {
  // The check values that their catalogues give for these nine digits.
  CHECK(io::detail::crc32(bytes("123456789")) == 0xCBF43926U);
  CHECK(io::detail::adler32(bytes("123456789")) == 0x091E01DEU);
  CHECK(io::detail::adler32(std::vector<std::uint8_t>(100000, 255)) == [] {
    std::uint64_t a = 1, b = 0;
    for (int i = 0; i < 100000; ++i) a += 255, b += a;
    return static_cast<std::uint32_t>(b % 65521 << 16 | a % 65521);
  }());
}

TEST_CASE("base64", "[png]") {
  // RFC 4648, section 10.
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) CHECK(io::base64(bytes(plain)) == coded);
  CHECK(io::base64(std::vector<std::uint8_t>{0xFB, 0xFF, 0xBF}) == "+/+/");
}

TEST_CASE("a data URI begins as every PNG does", "[png]") {
  CHECK(io::png_data_uri(noise({2, 2, 1}, 701)).starts_with("data:image/png;base64,iVBORw0KGgo"));
}

TEST_CASE("what is no picture is refused", "[png]") {
  CHECK_THROWS_AS(io::encode_png(noise({2, 2, 2}, 702)), Error);
  CHECK_THROWS_AS(io::encode_png(noise({1, 2, 2, 1}, 703)), Error);
  CHECK_THROWS_AS(io::encode_png(Tensor<std::uint8_t>({0, 2, 1})), Error);
}

}  // namespace effv2::png_test
