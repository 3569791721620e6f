#include <effv2/core/shape.hpp>
#include <limits>

#include "../catch.hpp"

namespace effv2::shape_test {

TEST_CASE("a shape knows its extents, rank and size", "[shape]") {
  const Shape shape{8, 28, 14, 3};
  CHECK(shape.rank() == 4);
  CHECK(shape.size() == 8 * 28 * 14 * 3);
  CHECK(shape[2] == 14);
  CHECK(shape.to_string() == "(8, 28, 14, 3)");
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{3, 0, 2}.size() == 0);
}

TEST_CASE("shapes are equal when all extents are", "[shape]") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2, 3} != Shape{2, 3, 1});
}

TEST_CASE("shapes that cannot be are refused", "[shape]") {
  CHECK_THROWS_AS((Shape{-1}), Error);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1}), Error);
  const std::int64_t half = std::int64_t{1} << 32;
  CHECK_THROWS_AS((Shape{half, half}), Error);
  CHECK_THROWS_AS((Shape{2, 3}[2]), Error);
  CHECK_THROWS_AS((Shape{2, 3}[-1]), Error);
  try {
    checked_product(std::numeric_limits<std::int64_t>::max(), 2);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::overflow);
  }
}

}  // namespace effv2::shape_test
