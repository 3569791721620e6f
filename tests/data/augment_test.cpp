#include <algorithm>
#include <cmath>
#include <effv2/data/augment.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

using namespace effv2;
using namespace effv2::data;

namespace {

template <class T>
std::vector<T> values_of(const Tensor<T>& tensor) {
  return {tensor.begin(), tensor.end()};
}

// All pixels different.
Tensor<std::uint8_t> numbered(std::int64_t height, std::int64_t width) {
  Tensor<std::uint8_t> image({height, width, 1});
  for (std::int64_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(i + 1);
  return image;
}

Tensor<double> spot(std::int64_t size, std::int64_t y, std::int64_t x) {
  Tensor<double> image({size, size, 1});
  image(y, x, 0) = 100.0;
  return image;
}

// Where the mass of the image lies, from its centre; x to the right and y down.
struct Point {
  double x = 0.0, y = 0.0, mass = 0.0;
};
Point centre_of_mass(const Tensor<double>& image) {
  Point point;
  const double middle = static_cast<double>(image.extent(0) - 1) / 2;
  for (std::int64_t y = 0; y < image.extent(0); ++y) {
    for (std::int64_t x = 0; x < image.extent(1); ++x) {
      point.mass += image(y, x, 0);
      point.x += image(y, x, 0) * (static_cast<double>(x) - middle);
      point.y += image(y, x, 0) * (static_cast<double>(y) - middle);
    }
  }
  point.x /= point.mass;
  point.y /= point.mass;
  return point;
}

}  // namespace

TEST_CASE("quarter turns move pixels exactly", "[data][augment]") {
  for (const std::int64_t size : {1, 2, 5, 8, 15}) {
    const Tensor<std::uint8_t> image = numbered(size, size);
    CHECK(values_of(rotate(image, 0)) == values_of(image));
    CHECK(values_of(rotate(image, 360)) == values_of(image));
    const Tensor<std::uint8_t> left = rotate(image, 90), half = rotate(image, 180);
    const Tensor<std::uint8_t> right = rotate(image, -90);
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x) {
        // Counter-clockwise: the right column becomes the top row.
        REQUIRE(left(y, x, 0) == image(x, size - 1 - y, 0));
        REQUIRE(half(y, x, 0) == image(size - 1 - y, size - 1 - x, 0));
        REQUIRE(right(y, x, 0) == image(size - 1 - x, y, 0));
      }
    }
  }
  Tensor<float> real({6, 6, 3});
  for (std::int64_t i = 0; i < real.size(); ++i) real[i] = 1.0F / static_cast<float>(i + 1);
  CHECK(values_of(rotate(rotate(real, 90), 270)) == values_of(real));
  CHECK(values_of(rotate(rotate(real, 90), 90)) == values_of(rotate(real, 180)));
}

TEST_CASE("shifts by whole pixels are exact, and what comes in is the fill", "[data][augment]") {
  const Tensor<std::uint8_t> image = numbered(4, 5);
  const Tensor<std::uint8_t> moved = shift(image, 2, -1, std::uint8_t{99});
  for (std::int64_t y = 0; y < 4; ++y) {
    for (std::int64_t x = 0; x < 5; ++x) {
      const bool inside = x >= 2 && y < 3;
      CHECK(moved(y, x, 0) == (inside ? image(y + 1, x - 2, 0) : 99));
    }
  }
  CHECK(values_of(shift(image, 0, 0)) == values_of(image));
  CHECK(values_of(shift(image, 50, 0)) == std::vector<std::uint8_t>(20, 0));
}

TEST_CASE("shifts by part of a pixel interpolate", "[data][augment]") {
  const Tensor<float> image = Tensor<float>::from({1, 4, 1}, std::vector<float>{0, 8, 16, 40});
  CHECK(values_of(shift(image, -0.25, 0)) == std::vector<float>{2, 10, 22, 40});
  CHECK(values_of(shift(image, 0.5, 0)) == std::vector<float>{0, 4, 12, 28});
}

TEST_CASE("mirroring, scaling and shearing do what they say", "[data][augment]") {
  const Tensor<std::uint8_t> image = numbered(3, 4);
  const Tensor<std::uint8_t> mirrored = warp(image, {.mirror = true});
  for (std::int64_t x = 0; x < 4; ++x) CHECK(mirrored(1, x, 0) == image(1, 3 - x, 0));

  // A spot 4 to the right and 2 up of the centre.
  const Tensor<double> spotted = spot(33, 14, 20);
  const Point larger = centre_of_mass(warp(spotted, {.scale = 2.0}));
  CHECK(larger.x == Approx(8));
  CHECK(larger.y == Approx(-4));
  CHECK(larger.mass == Approx(400));
  const Point sheared = centre_of_mass(warp(spotted, {.shear = 45.0}));
  CHECK(sheared.x == Approx(4 - 2));
  CHECK(sheared.y == Approx(-2));
  CHECK_THROWS_AS(warp(image, {.scale = 0.0}), Error);
}

TEST_CASE("rotation turns counter-clockwise by any angle", "[data][augment]") {
  // A smooth blob, so that interpolation hardly moves its centre of mass.
  Tensor<double> blob({41, 41, 1});
  for (std::int64_t y = 0; y < 41; ++y) {
    for (std::int64_t x = 0; x < 41; ++x) {
      const double dx = static_cast<double>(x) - 30, dy = static_cast<double>(y) - 20;
      blob(y, x, 0) = std::exp(-(dx * dx + dy * dy) / 8);
    }
  }
  for (const double degrees : {30.0, 45.0, 100.0, -17.0, 200.0}) {
    const Point point = centre_of_mass(rotate(blob, degrees));
    const double radians = degrees * 3.14159265358979 / 180;
    CHECK(point.x == Approx(10 * std::cos(radians)).margin(0.02));
    CHECK(point.y == Approx(-10 * std::sin(radians)).margin(0.02));
  }
}

TEST_CASE("the parts of a warp act in the documented order", "[data][augment]") {
  const Warp all{.right = 2, .down = -3, .rotate = 90, .scale = 2, .shear = 0, .mirror = true};
  // Mirrored (4, -2) -> (-4, -2), scaled -> (-8, -4), turned -> (-4, 8), moved -> (-2, 5).
  const Point point = centre_of_mass(warp(spot(41, 18, 24), all));
  CHECK(point.x == Approx(-2));
  CHECK(point.y == Approx(5));
}

TEST_CASE("a warp into a larger image is the same as resizing", "[data][augment]") {
  const Tensor<std::uint8_t> image = numbered(7, 9);
  Tensor<double> source({7, 9, 1});
  std::copy(image.begin(), image.end(), source.begin());
  const Tensor<double> expected = resize(source, 14, 20);
  Tensor<double> target({14, 20, 1});
  warp_into<double, std::uint8_t>({}, target, image, 0.0);
  for (std::int64_t i = 0; i < target.size(); ++i) {
    REQUIRE(target[i] == Approx(expected[i]).margin(1e-9));
  }
}

TEST_CASE("warps are drawn within their bounds and by seed, epoch and sample", "[data][augment]") {
  const Augmentation augmentation{
      .shift = 3, .rotate = 10, .scale = 0.2, .shear = 5, .mirror = true};
  std::vector<double> lowest(5, 1e9), highest(5, -1e9);
  int mirrored = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const Warp warp = augmentation.draw({1, 9, 0}, sample);
    const std::vector<double> drawn = {warp.right, warp.down, warp.rotate, warp.scale, warp.shear};
    for (std::size_t i = 0; i < 5; ++i) {
      lowest[i] = std::min(lowest[i], drawn[i]);
      highest[i] = std::max(highest[i], drawn[i]);
    }
    mirrored += warp.mirror ? 1 : 0;
  }
  const std::vector<double> centre = {0, 0, 0, 1, 0}, reach = {3, 3, 10, 0.2, 5};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(lowest[i] >= centre[i] - reach[i]);
    CHECK(highest[i] <= centre[i] + reach[i]);
    CHECK(lowest[i] < centre[i] - 0.98 * reach[i]);
    CHECK(highest[i] > centre[i] + 0.98 * reach[i]);
  }
  CHECK(std::abs(mirrored - 1000) < 120);

  const auto angle = [&](std::uint64_t seed, std::uint32_t epoch, std::uint32_t sample) {
    return augmentation.draw({seed, 9, epoch}, sample).rotate;
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
        Augmentation{.erase = nan}, Augmentation{.erase_area = 0}}) {
    CHECK_THROWS_AS(bad.validate(), Error);
  }
  const Augmentation half = Augmentation{.shift = 4, .rotate = 10, .erase = 0.5}.scaled_by(0.5);
  CHECK(half.shift == 2);
  CHECK(half.rotate == 5);
  CHECK(half.erase == 0.25);
  CHECK_THROWS_AS((Augmentation{.scale = 0.5}.scaled_by(2)), Error);
}
