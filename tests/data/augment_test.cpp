#include <algorithm>
#include <cmath>
#include <effv2/data/augment.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace effv2::augment_test {

using namespace effv2::data;

TEST_CASE("warps are drawn within their bounds and by seed, epoch and sample", "[data][augment]") {
  const Augmentation augmentation{
      .shift = 3, .rotate = 10, .scale = 0.2, .shear = 5, .stretch = 0.25, .mirror = true};
  std::vector<double> lowest(6, 1e9), highest(6, -1e9);
  int mirrored = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const Warp warp = augmentation.draw(28, 28, {1, 9, 0}, sample);
    const std::vector<double> drawn = {warp.right, warp.down,  warp.rotate,
                                       warp.scale, warp.shear, std::log(warp.stretch)};
    for (std::size_t i = 0; i < 6; ++i) {
      lowest[i] = std::min(lowest[i], drawn[i]);
      highest[i] = std::max(highest[i], drawn[i]);
    }
    mirrored += warp.mirror ? 1 : 0;
  }
  const std::vector<double> centre = {0, 0, 0, 1, 0, 0};
  const std::vector<double> reach = {3, 3, 10, 0.2, 5, std::log(1.25)};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(lowest[i] >= centre[i] - reach[i]);
    CHECK(highest[i] <= centre[i] + reach[i]);
    CHECK(lowest[i] < centre[i] - 0.98 * reach[i]);
    CHECK(highest[i] > centre[i] + 0.98 * reach[i]);
  }
  CHECK(std::abs(mirrored - 1000) < 120);

  const auto angle = [&](std::uint64_t seed, std::uint32_t epoch, std::uint32_t sample) {
    return augmentation.draw(28, 28, {seed, 9, epoch}, sample).rotate;
  };
  CHECK(angle(1, 2, 3) == angle(1, 2, 3));
  CHECK(angle(1, 2, 3) != angle(2, 2, 3));
  CHECK(angle(1, 2, 3) != angle(1, 3, 3));
  CHECK(angle(1, 2, 3) != angle(1, 2, 4));
}

TEST_CASE("erasing paints one rectangle of the size asked for", "[data][augment]") {
  const Augmentation always{.erase = 1, .erase_area = 0.25, .fill = 7};
  std::int64_t largest = 0, smallest = 400;
  for (std::uint32_t sample = 0; sample < 500; ++sample) {
    Tensor<std::uint8_t> image({20, 20, 2});
    erase_rectangle<std::uint8_t>(image, always, {}, sample);
    std::int64_t area = 0, top = 20, bottom = -1, left = 20, right = -1;
    for (std::int64_t y = 0; y < 20; ++y) {
      for (std::int64_t x = 0; x < 20; ++x) {
        REQUIRE(image(y, x, 0) == image(y, x, 1));
        if (image(y, x, 0) == 0) continue;
        REQUIRE(image(y, x, 0) == 7);
        ++area;
        top = std::min(top, y);
        bottom = std::max(bottom, y);
        left = std::min(left, x);
        right = std::max(right, x);
      }
    }
    REQUIRE(area == (bottom - top + 1) * (right - left + 1));
    largest = std::max(largest, area);
    smallest = std::min(smallest, area);
  }
  CHECK(largest > 90);
  CHECK(largest <= 110);  // both sides are rounded
  CHECK(smallest < 10);

  int erased = 0;
  for (std::uint32_t sample = 0; sample < 1000; ++sample) {
    Tensor<float> image({8, 8, 1});
    erase_rectangle<float>(image, {.erase = 0.3, .fill = 1}, {}, sample);
    erased += *std::max_element(image.begin(), image.end()) > 0 ? 1 : 0;
  }
  CHECK(std::abs(erased - 300) < 75);
}

TEST_CASE("augmentations out of their domain are refused", "[data][augment]") {
  Augmentation{}.validate();
  CHECK_FALSE(Augmentation{}.active());
  CHECK(Augmentation{.erase = 0.1}.active());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Augmentation& bad :
       {Augmentation{.shift = -1}, Augmentation{.shift = nan}, Augmentation{.rotate = 181},
        Augmentation{.scale = 1}, Augmentation{.shear = 90}, Augmentation{.erase = 1.5},
        Augmentation{.erase = nan}, Augmentation{.erase_area = 0}, Augmentation{.stretch = -0.1},
        Augmentation{.elastic = nan}, Augmentation{.crop = 1},
        Augmentation{.rand_augment = {.magnitude = 31}},
        Augmentation{.rand_augment = {.magnitude = 5, .draws = 17}}}) {
    CHECK_THROWS_AS(bad.validate(), Error);
  }
  const Augmentation half = Augmentation{
      .shift = 4,
      .rotate = 10,
      .stretch = 0.2,
      .elastic = 2,
      .crop = 0.5,
      .erase = 0.5,
      .rand_augment = {.magnitude =
                           10}}.scaled_by(0.5);
  CHECK(half.stretch == 0.1);
  CHECK(half.elastic == 1);
  CHECK(half.crop == 0.25);
  CHECK(half.rand_augment.magnitude == 5);
  CHECK(half.shift == 2);
  CHECK(half.rotate == 5);
  CHECK(half.erase == 0.25);
  CHECK_THROWS_AS((Augmentation{.scale = 0.5}.scaled_by(2)), Error);
}

TEST_CASE("a random crop shows a part of the image that lies inside of it", "[data][augment]") {
  const Augmentation augmentation{.crop = 0.75};
  double largest = 1.0, furthest = 0.0;
  for (std::uint32_t sample = 0; sample < 1000; ++sample) {
    const Warp warp = augmentation.draw(30, 40, {1, 9, 0}, sample);
    REQUIRE(warp.scale >= 1.0);
    REQUIRE(warp.scale <= 2.0);  // a quarter of the area
    // A corner of the crop looks at q = (p - t) / scale from the centre.
    REQUIRE((20.0 + std::abs(warp.right)) / warp.scale <= 20.0 + 1e-9);
    REQUIRE((15.0 + std::abs(warp.down)) / warp.scale <= 15.0 + 1e-9);
    largest = std::max(largest, warp.scale);
    furthest = std::max(furthest, (20.0 + std::abs(warp.right)) / warp.scale);
  }
  CHECK(largest > 1.9);
  CHECK(furthest > 19.9);
}

}  // namespace effv2::augment_test
