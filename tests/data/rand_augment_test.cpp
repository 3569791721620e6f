#include <algorithm>
#include <effv2/data/rand_augment.hpp>
#include <set>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::rand_augment_test {

using namespace effv2::data;

namespace {

Tensor<std::uint8_t> applied(Operation operation, const RandAugment& options,
                             const Tensor<std::uint8_t>& image, double sign,
                             std::array<double, 2> place = {}) {
  Tensor<std::uint8_t> result(image);
  std::vector<std::uint8_t> copy;
  apply_operation(operation, options, result, sign, place, 9, copy);
  return result;
}

bool equal(const Tensor<std::uint8_t>& a, const Tensor<std::uint8_t>& b) {
  return std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

// Operations on pixel values are compared with PIL's in tests/oracle/augment_test.cpp.
TEST_CASE("geometric operations are warps of the paper's sizes", "[data][rand_augment]") {
  testing::Dice dice(78);
  const Tensor<std::uint8_t> image = dice.integers<std::uint8_t>({30, 60, 3}, 0, 255);
  const std::uint8_t fill = 9;
  const RandAugment ten{.magnitude = 10};
  CHECK(equal(applied(Operation::rotate, ten, image, 1), warp(image, {.rotate = 30}, fill)));
  CHECK(equal(applied(Operation::rotate, ten, image, -1), warp(image, {.rotate = -30}, fill)));
  CHECK(equal(applied(Operation::translate_x, ten, image, 1), shift(image, 20, 0, fill)));
  CHECK(equal(applied(Operation::translate_y, ten, image, -1), shift(image, 0, -10, fill)));
  const double lean = 16.69924423399362;  // atan(.3) in degrees
  CHECK(equal(applied(Operation::shear_x, ten, image, 1), warp(image, {.shear = lean}, fill)));
  CHECK(equal(applied(Operation::shear_y, ten, image, 1), warp(image, {.shear_down = lean}, fill)));
}

TEST_CASE("digits of 28 pixels are moved a little only", "[data][rand_augment]") {
  testing::Dice dice(79);
  const Tensor<std::uint8_t> image = dice.integers<std::uint8_t>({28, 28, 1}, 0, 255);
  const RandAugment most = RandAugment::for_digits(15);
  CHECK(equal(applied(Operation::rotate, most, image, 1),
              warp(image, {.rotate = 15}, std::uint8_t{9})));
  Tensor<std::uint8_t> moved = applied(Operation::translate_x, most, image, 1);
  const Tensor<std::uint8_t> expected = shift(image, 2, 0, std::uint8_t{9});
  for (std::int64_t i = 0; i < moved.size(); ++i) {
    REQUIRE(std::abs(int{moved[i]} - int{expected[i]}) <= 1);
  }
  CHECK_FALSE(most.allows(Operation::invert, 1));
  CHECK_FALSE(most.allows(Operation::solarize, 1));
  CHECK_FALSE(most.allows(Operation::color, 3));
  CHECK(most.allows(Operation::shear_y, 1));
  CHECK(RandAugment{}.allows(Operation::color, 3));
  CHECK_FALSE(RandAugment{}.allows(Operation::color, 1));
}

TEST_CASE("a cutout is a square of the fill, also over the border", "[data][rand_augment]") {
  Tensor<std::uint8_t> image({30, 30, 2});
  image.fill(200);
  // Half of the side is 4 m / 300 of 30 pixels: 4 at magnitude 10.
  const RandAugment ten{.magnitude = 10};
  const Tensor<std::uint8_t> inside = applied(Operation::cutout, ten, image, 1, {0.5, 0.4});
  const Tensor<std::uint8_t> corner = applied(Operation::cutout, ten, image, 1, {0.0, 0.99});
  for (std::int64_t y = 0; y < 30; ++y) {
    for (std::int64_t x = 0; x < 30; ++x) {
      for (std::int64_t c = 0; c < 2; ++c) {
        REQUIRE(inside(y, x, c) == (y >= 11 && y < 19 && x >= 8 && x < 16 ? 9 : 200));
        REQUIRE(corner(y, x, c) == (y < 4 && x >= 25 ? 9 : 200));
      }
    }
  }
}

TEST_CASE("draws depend on seed, epoch and sample, and take every operation allowed",
          "[data][rand_augment]") {
  testing::Dice dice(80);
  const Tensor<std::uint8_t> image = dice.integers<std::uint8_t>({16, 16, 3}, 10, 240);
  const RandAugment one{.magnitude = 9, .draws = 1};
  std::vector<std::uint8_t> copy;
  const auto drawn = [&](const RandomStream& random, std::uint32_t sample, const RandAugment& o) {
    Tensor<std::uint8_t> result(image);
    rand_augment(result, o, 9, random, sample, 256, copy);
    return result;
  };
  std::set<std::vector<std::uint8_t>> results;
  for (std::uint32_t sample = 0; sample < 600; ++sample) {
    const Tensor<std::uint8_t> a = drawn({1, 2, 3}, sample, one);
    results.insert({a.begin(), a.end()});
  }
  // 10 operations give one result each, 5 one for either sign, and cutouts are many.
  CHECK(results.size() > 20 + 10);
  CHECK(equal(drawn({1, 2, 3}, 4, one), drawn({1, 2, 3}, 4, one)));
  CHECK_FALSE(equal(drawn({1, 2, 3}, 4, {.magnitude = 9}), drawn({1, 2, 4}, 4, {.magnitude = 9})));
  CHECK(equal(drawn({1, 2, 3}, 4, {.magnitude = 9, .draws = 0}), image));
  CHECK_FALSE(RandAugment{}.active());
}

TEST_CASE("contrast is about the mean of all channels, three or not", "[data][rand_augment]") {
  Tensor<std::uint8_t> image({4, 4, 4});
  for (std::int64_t i = 0; i < image.size(); ++i) {
    image[i] = static_cast<std::uint8_t>(i % 4 == 0 ? 0 : 200);
  }
  // A tenth of the contrast is left: 150 +- 0.1 (value - 150).
  const auto flat = applied(Operation::contrast, {.magnitude = 0}, image, 1);
  CHECK(static_cast<int>(flat[0]) == 135);
  CHECK(static_cast<int>(flat[1]) == 155);
}

}  // namespace effv2::rand_augment_test
