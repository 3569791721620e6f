#include <effv2/nn/check.hpp>

#include "../catch.hpp"

namespace effv2::check_test {

TEST_CASE("a picture is one of four extents, none of them 0, and has as many channels", "[check]") {
  CHECK_NOTHROW(nn::detail::check_picture(Shape({2, 3, 4, 5}), 5, "x"));
  CHECK_THROWS_AS(nn::detail::check_picture(Shape({2, 3, 5}), 5, "x"), Error);
  CHECK_THROWS_AS(nn::detail::check_picture(Shape({0, 3, 4, 5}), 5, "x"), Error);
  CHECK_THROWS_WITH(nn::detail::check_picture(Shape({2, 3, 4, 5}), 6, "pool"),
                    Catch::Contains("[pool] expected 6"));
}

TEST_CASE("a gradient is shaped like what it is of", "[check]") {
  CHECK_NOTHROW(nn::detail::check_gradient(Tensor<float>({2, 3}), {2, 3}, "x"));
  CHECK_THROWS_WITH(nn::detail::check_gradient(Tensor<float>({3, 2}), {2, 3}, "drop"),
                    Catch::Contains("[drop] expected a gradient"));
}

}  // namespace effv2::check_test
