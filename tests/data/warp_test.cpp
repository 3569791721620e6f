#include <algorithm>
#include <cmath>
#include <effv2/data/warp.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace effv2::warp_test {

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

TEST_CASE("quarter turns move pixels exactly", "[data][warp]") {
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

TEST_CASE("shifts by whole pixels are exact, and what comes in is the fill", "[data][warp]") {
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

TEST_CASE("shifts by part of a pixel interpolate", "[data][warp]") {
  const Tensor<float> image = Tensor<float>::from({1, 4, 1}, std::vector<float>{0, 8, 16, 40});
  CHECK(values_of(shift(image, -0.25, 0)) == std::vector<float>{2, 10, 22, 40});
  CHECK(values_of(shift(image, 0.5, 0)) == std::vector<float>{0, 4, 12, 28});
}

TEST_CASE("mirroring, scaling and shearing do what they say", "[data][warp]") {
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

TEST_CASE("rotation turns counter-clockwise by any angle", "[data][warp]") {
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

TEST_CASE("the parts of a warp act in the documented order", "[data][warp]") {
  const Warp all{.right = 2, .down = -3, .rotate = 90, .scale = 2, .shear = 0, .mirror = true};
  // Mirrored (4, -2) -> (-4, -2), scaled -> (-8, -4), turned -> (-4, 8), moved -> (-2, 5).
  const Point point = centre_of_mass(warp(spot(41, 18, 24), all));
  CHECK(point.x == Approx(-2));
  CHECK(point.y == Approx(5));
}

TEST_CASE("a warp into a larger image is the same as resizing", "[data][warp]") {
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

TEST_CASE("stretching and shearing along the columns", "[data][warp]") {
  const Tensor<double> spotted = spot(33, 14, 20);  // 4 to the right, 2 up
  const Point wider = centre_of_mass(warp(spotted, {.stretch = 4.0}));
  CHECK(wider.x == Approx(8));
  CHECK(wider.y == Approx(-1));
  CHECK(wider.mass == Approx(200));  // seen in every second row
  const Point sheared = centre_of_mass(warp(spotted, {.shear_down = 45.0}));
  CHECK(sheared.x == Approx(4));
  CHECK(sheared.y == Approx(-2 + 4));
  // First down, then along the rows: (4, -2) -> (4, 2) -> (6, 2).
  const Point both = centre_of_mass(warp(spotted, {.shear = 45.0, .shear_down = 45.0}));
  CHECK(both.x == Approx(4 + 2));
  CHECK(both.y == Approx(2));
  CHECK_THROWS_AS(warp(spotted, {.stretch = 0.0}), Error);
}

TEST_CASE("displacements are smooth, of the strength asked for, and repeatable", "[data][warp]") {
  double sum = 0.0, squares = 0.0, steps = 0.0;
  std::int64_t count = 0;
  Displacement field;
  for (std::uint32_t sample = 0; sample < 400; ++sample) {
    field.draw(1.5, 20, 28, {3, 1, 2}, sample, 5);
    for (std::int64_t y = 0; y < 20; ++y) {
      for (std::int64_t x = 0; x < 28; ++x) {
        for (const std::size_t axis : {0U, 1U}) {
          const double d = field.at(y, x)[axis];
          sum += d, squares += d * d, ++count;
          if (x > 0) steps = std::max(steps, std::abs(d - field.at(y, x - 1)[axis]));
        }
      }
    }
  }
  const auto n = static_cast<double>(count);
  CHECK(sum / n == Approx(0.0).margin(0.1));
  CHECK(std::sqrt(squares / n) == Approx(1.5).epsilon(0.05));
  CHECK(steps < 1.5);  // seven pixels lie between two knots
  Displacement again;
  again.draw(1.5, 20, 28, {3, 1, 2}, 399, 5);
  CHECK(again.at(7, 11) == field.at(7, 11));
  again.draw(1.5, 20, 28, {3, 1, 3}, 399, 5);
  CHECK(again.at(7, 11) != field.at(7, 11));
  CHECK(field.at(7, 11)[0] != field.at(7, 11)[1]);
}

TEST_CASE("a displaced pixel shows what lies at its displacement", "[data][warp]") {
  // On a ramp every pixel tells where it looked.
  Tensor<double> ramp({24, 24, 2}), target({24, 24, 2});
  for (std::int64_t y = 0; y < 24; ++y) {
    for (std::int64_t x = 0; x < 24; ++x) {
      ramp(y, x, 0) = static_cast<double>(x), ramp(y, x, 1) = static_cast<double>(y);
    }
  }
  Displacement field;
  field.draw(0.8, 24, 24, {4, 4, 4}, 0, 0);
  warp_into<double, double>({.right = 1.0}, target, ramp, 0.0, &field);
  for (std::int64_t y = 6; y < 18; ++y) {
    for (std::int64_t x = 6; x < 18; ++x) {
      REQUIRE(target(y, x, 0) == Approx(static_cast<double>(x) - 1.0 + field.at(y, x)[0]));
      REQUIRE(target(y, x, 1) == Approx(static_cast<double>(y) + field.at(y, x)[1]));
    }
  }
}

TEST_CASE("a picture resized before is warped in its own frame", "[data][warp]") {
  // A ramp of both coordinates stays one when it is resized: each pixel tells where in the picture
  // it looked.
  const auto ramp = [](std::int64_t height, std::int64_t width) {
    Tensor<double> image({height, width, 2});
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        image(y, x, 0) = (static_cast<double>(x) + 0.5) * 48.0 / static_cast<double>(width) - 0.5;
        image(y, x, 1) = (static_cast<double>(y) + 0.5) * 24.0 / static_cast<double>(height) - 0.5;
      }
    }
    return image;
  };
  const Warp turn{.right = 2, .down = -1, .rotate = 30, .scale = 1.3, .shear = 10, .mirror = true};
  const Tensor<double> picture = ramp(24, 48);
  for (const PictureSize size : {PictureSize(12, 48), PictureSize(24, 20), PictureSize(12, 16)}) {
    const auto [height, width] = size;
    Tensor<double> at_once({height, width, 2}), resized_before({height, width, 2});
    Displacement field;
    field.draw(0.7, height, width, {4, 4, 4}, 0, 0);
    warp_into<double, double>(turn, at_once, picture, 0.0, &field);
    warp_into<double, double>(turn, resized_before, ramp(height, width), 0.0, &field, {24, 48});
    for (std::int64_t y = height / 4; y < height * 3 / 4; ++y) {
      for (std::int64_t x = width / 3; x < width * 2 / 3; ++x) {
        CAPTURE(height, width, y, x);
        REQUIRE(resized_before(y, x, 0) == Approx(at_once(y, x, 0)).margin(1e-9));
        REQUIRE(resized_before(y, x, 1) == Approx(at_once(y, x, 1)).margin(1e-9));
      }
    }
  }
}

TEST_CASE("a displacement of another size is refused", "[data][warp]") {
  const Tensor<double> image = spot(9, 4, 4);
  Tensor<double> target(image.shape());
  Displacement undrawn, other;
  other.draw(1.0, 8, 9, {4, 4, 4}, 0, 0);
  for (const Displacement* field : {&undrawn, &other}) {
    CHECK_THROWS_AS((warp_into<double, double>({}, target, image, 0.0, field)), Error);
  }
}

TEST_CASE("a warp of what is no number is refused", "[data][warp]") {
  const Tensor<double> image = spot(9, 4, 4);
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinity}) {
    CHECK_THROWS_AS(rotate(image, bad), Error);
    CHECK_THROWS_AS(shift(image, bad, 0.0), Error);
    CHECK_THROWS_AS(shift(image, 0.0, bad), Error);
    CHECK_THROWS_AS(warp(image, {.scale = bad}), Error);
    CHECK_THROWS_AS(warp(image, {.stretch = bad}), Error);
    CHECK_THROWS_AS(warp(image, {.shear = bad}), Error);
    CHECK_THROWS_AS(warp(image, {.shear_down = bad}), Error);
  }
}

TEST_CASE("a warp between pictures of other channels is refused", "[data][warp]") {
  const Tensor<double> grey({5, 5, 1}), flat({5, 5});
  Tensor<double> colours({5, 5, 3});
  for (const Tensor<double>* source : {&grey, &flat}) {
    CHECK_THROWS_AS((warp_into<double, double>({}, colours, *source, 0.0)), Error);
  }
}

}  // namespace effv2::warp_test
