#include <effv2/core/picture_size.hpp>

#include "../catch.hpp"

namespace effv2::picture_size_test {

TEST_CASE("a size is a square's side, or a height and a width", "[picture_size]") {
  CHECK(PictureSize(28) == PictureSize(28, 28));
  CHECK(PictureSize(64, 96) != PictureSize(96, 64));
  CHECK_FALSE(PictureSize().is_given());
  CHECK(PictureSize().value_or({64, 96}) == PictureSize(64, 96));
  CHECK(PictureSize(28).value_or({64, 96}) == 28);
}

TEST_CASE("a size reads what it writes", "[picture_size]") {
  for (const PictureSize size : {PictureSize(), PictureSize(28), PictureSize(64, 96)}) {
    CHECK(PictureSize::parse(size.to_string()) == size);
  }
  CHECK(PictureSize(64, 96).to_string() == "64x96");
  CHECK(PictureSize(28).to_string() == "28");
  for (const char* bad : {"", "x", "28x", "x28", "-28", "28 ", "a", "64x96x3", "0x28", "28x0",
                          "99999999999999999999"}) {
    CHECK_THROWS_AS(PictureSize::parse(bad), Error);
  }
}

TEST_CASE("a size with a side that is none is refused", "[picture_size]") {
  for (const PictureSize bad : {PictureSize(-1), PictureSize(0, 4), PictureSize(4, 0)}) {
    CHECK_THROWS_AS(bad.validated(), Error);
  }
  CHECK(PictureSize(3, 4).validated() == PictureSize(3, 4));
  CHECK_FALSE(PictureSize().validated().is_given());
}

}  // namespace effv2::picture_size_test
