#include <algorithm>
#include <effv2/data/resize.hpp>
#include <vector>

#include "../catch.hpp"

namespace effv2::resize_test {

using namespace effv2::data;

namespace {

template <class T>
Tensor<T> row(std::vector<T> values) {
  return Tensor<T>::from({1, static_cast<std::int64_t>(values.size()), 1}, values);
}

template <class T>
std::vector<T> values_of(const Tensor<T>& tensor) {
  return {tensor.begin(), tensor.end()};
}

// value = 3 y - 2 x + 7 c, linear in y and x
Tensor<double> ramp(std::int64_t height, std::int64_t width) {
  Tensor<double> image({height, width, 2});
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < 2; ++c)
        image(y, x, c) = static_cast<double>(3 * y - 2 * x + 7 * c);
    }
  }
  return image;
}

}  // namespace

TEST_CASE("resizing gives the values computed by hand", "[data][resize]") {
  // Centres of the four pixels lie at -0.25, 0.25, 0.75, 1.25 of the two.
  CHECK(values_of(resize(row<float>({0, 8}), 1, 4)) == std::vector<float>{0, 2, 6, 8});
  // Half as many: the triangle reaches over two pixels to either side, with weights 3 3 1.
  const Tensor<double> half = resize(row<double>({8, 16, 24, 80}), 1, 2);
  CHECK(half[0] == Approx((3 * 8 + 3 * 16 + 24) / 7.0));
  CHECK(half[1] == Approx((16 + 3 * 24 + 3 * 80) / 7.0));
  CHECK(values_of(resize(row<float>({8, 16, 24, 80}), 1, 2, false)) == std::vector<float>{12, 52});
  CHECK(values_of(resize(row<std::uint8_t>({0, 255}), 1, 4)) ==
        std::vector<std::uint8_t>{0, 64, 191, 255});
  const Tensor<float> column = Tensor<float>::from({2, 1, 1}, std::vector<float>{0, 8});
  CHECK(values_of(resize(column, 4, 1)) == std::vector<float>{0, 2, 6, 8});
}

TEST_CASE("resizing to the same size changes nothing", "[data][resize]") {
  const Tensor<double> image = ramp(5, 7);
  CHECK(values_of(resize(image, 5, 7)) == values_of(image));
  const Tensor<std::uint8_t> bytes = row<std::uint8_t>({0, 1, 127, 128, 254, 255});
  CHECK(values_of(resize(bytes, 1, 6)) == values_of(bytes));
}

TEST_CASE("resizing keeps a linear image linear", "[data][resize]") {
  for (const bool antialias : {false, true}) {
    for (const std::int64_t height : {1, 3, 6, 7, 12, 24, 31}) {
      for (const std::int64_t width : {2, 8, 16, 19}) {
        const Tensor<double> image = ramp(12, 16),
                             resized = resize(image, height, width, antialias);
        // A wide triangle weighs the pixels to both sides alike at whole ratios only.
        if (antialias && height == 7) continue;
        const double y_ratio = 12.0 / static_cast<double>(height);
        const double x_ratio = 16.0 / static_cast<double>(width);
        // At the borders the triangle is cut off: only inside is it symmetric.
        const double y_margin = antialias ? std::max(1.0, y_ratio) : 1.0;
        const double x_margin = antialias ? std::max(1.0, x_ratio) : 1.0;
        for (std::int64_t y = 0; y < height; ++y) {
          for (std::int64_t x = 0; x < width; ++x) {
            const double sy = (static_cast<double>(y) + 0.5) * y_ratio - 0.5;
            const double sx = (static_cast<double>(x) + 0.5) * x_ratio - 0.5;
            if (sy < y_margin - 1 || sy > 12 - y_margin) continue;
            if (sx < x_margin - 1 || sx > 16 - x_margin) continue;
            for (std::int64_t c = 0; c < 2; ++c) {
              REQUIRE(resized(y, x, c) ==
                      Approx(3 * sy - 2 * sx + 7 * static_cast<double>(c)).margin(1e-12));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("resizing keeps a flat image flat, and the images of a batch apart", "[data][resize]") {
  Tensor<std::uint8_t> images({3, 9, 5, 2});
  for (std::int64_t n = 0; n < 3; ++n) {
    std::fill_n(images.data() + n * 90, 90, static_cast<std::uint8_t>(255 - 100 * n));
  }
  for (const std::int64_t size : {1, 2, 4, 9, 20}) {
    const Tensor<std::uint8_t> resized = resize(images, size, size + 1);
    REQUIRE(resized.shape() == Shape{3, size, size + 1, 2});
    for (std::int64_t i = 0; i < resized.size(); ++i) {
      REQUIRE(resized[i] == 255 - 100 * (i / (resized.size() / 3)));
    }
  }
  CHECK_THROWS_AS(resize(images, 0, 4), Error);
  CHECK_THROWS_AS(resize(images, 4, -1), Error);
  CHECK_THROWS_AS(resize(Tensor<float>({4, 4}), 4, 4), Error);
}

TEST_CASE("antialiasing looks at every pixel", "[data][resize]") {
  for (std::int64_t position = 0; position < 28; ++position) {
    Tensor<float> image({1, 28, 1});
    image(0, position, 0) = 1.0F;
    const Tensor<float> resized = resize(image, 1, 5);
    CHECK(*std::max_element(resized.begin(), resized.end()) > 0.05F);
  }
}

TEST_CASE("padding and cropping move pixels and change none", "[data][resize]") {
  const Tensor<double> image = ramp(3, 4);
  const Tensor<double> padded = pad(image, 2, -1.0);
  REQUIRE(padded.shape() == Shape{7, 8, 2});
  for (std::int64_t y = 0; y < 7; ++y) {
    for (std::int64_t x = 0; x < 8; ++x) {
      const bool inside = y >= 2 && y < 5 && x >= 2 && x < 6;
      CHECK(padded(y, x, 1) == (inside ? image(y - 2, x - 2, 1) : -1.0));
    }
  }
  CHECK(values_of(crop(padded, 2, 2, 3, 4)) == values_of(image));
  const Tensor<double> corner = crop(image, 2, 1, 1, 3);
  REQUIRE(corner.shape() == Shape{1, 3, 2});
  CHECK(corner(0, 2, 0) == image(2, 3, 0));

  const Tensor<double> outside = window(image, -5, 10, 2, 2, 4.0);
  CHECK(values_of(outside) == std::vector<double>(8, 4.0));
  CHECK(window(image, 3, -4, 2, 2, 4.0)(1, 1, 1) == 4.0);

  CHECK_THROWS_AS(crop(image, 0, 0, 4, 4), Error);
  CHECK_THROWS_AS(crop(image, 0, 1, 3, 4), Error);
  CHECK_THROWS_AS(crop(image, -1, 0, 2, 2), Error);
  CHECK_THROWS_AS(crop(image, 0, 0, 0, 2), Error);
  CHECK_THROWS_AS(pad(image, -1), Error);
}

TEST_CASE("padding keeps the images of a batch apart", "[data][resize]") {
  Tensor<std::uint8_t> images({2, 1, 1, 3});
  for (std::int64_t i = 0; i < 6; ++i) images[i] = static_cast<std::uint8_t>(i + 1);
  const Tensor<std::uint8_t> padded = pad(images, 1, std::uint8_t{9});
  REQUIRE(padded.shape() == Shape{2, 3, 3, 3});
  CHECK(padded(0, 1, 1, 2) == 3);
  CHECK(padded(1, 1, 1, 0) == 4);
  CHECK(std::count(padded.begin(), padded.end(), std::uint8_t{9}) == 48);
}

TEST_CASE("a resizer is of two sizes, and refuses others", "[data][resize]") {
  Resizer<float> resizer(6, 5, 3, 4, 2);
  const Tensor<float> source({6, 5, 2}), wide({6, 6, 2});
  Tensor<float> target({3, 4, 2}), small({3, 3, 2});
  CHECK_NOTHROW(resizer(target.view(), source.view()));
  CHECK_THROWS_AS(resizer(target.view(), wide.view()), Error);
  CHECK_THROWS_AS(resizer(small.view(), source.view()), Error);
  CHECK_THROWS_AS(Resizer<float>()(target.view(), source.view()), Error);
}

}  // namespace effv2::resize_test
