#include <effv2/data/normalize.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace effv2::normalize_test {

using namespace effv2::data;

TEST_CASE("bytes become numbers by channel, looked up or computed", "[data][normalize]") {
  const std::vector<double> mean = {0.5, 0.1, 0.25}, deviation = {0.5, 0.2, 4.0};
  const Normalizer<double> normalizer(mean, deviation, 3);
  Tensor<std::uint8_t> bytes({256, 3});
  Tensor<double> looked_up({256, 3}), computed({256, 3});
  for (std::int64_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i / 3 + i % 3);
    computed[i] = bytes[i];
  }
  normalizer(looked_up, bytes);
  normalizer(computed);
  for (std::int64_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<std::size_t>(i % 3);
    const double expected = (bytes[i] / 255.0 - mean[c]) / deviation[c];
    REQUIRE(looked_up[i] == Approx(expected).margin(1e-14));
    REQUIRE(computed[i] == Approx(expected).margin(1e-14));
  }
}

TEST_CASE("one mean and deviation stand for all channels", "[data][normalize]") {
  const Normalizer<float> normalizer({0.1307}, {0.3081}, 2);
  Tensor<float> pixels = Tensor<float>::filled({4, 2}, 255.0F);
  normalizer(pixels);
  for (const float value : pixels) CHECK(value == Approx((1 - 0.1307) / 0.3081));
}

TEST_CASE("means and deviations that make no sense are refused", "[data][normalize]") {
  using Normalizer = data::Normalizer<float>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Normalizer({0.1, 0.2}, {1}, 3), Error);
  CHECK_THROWS_AS(Normalizer({}, {1}, 3), Error);
  CHECK_THROWS_AS(Normalizer({0}, {0}, 1), Error);
  CHECK_THROWS_AS(Normalizer({0}, {-1}, 1), Error);
  CHECK_THROWS_AS(Normalizer({nan}, {1}, 1), Error);
  CHECK_THROWS_AS(Normalizer({0}, {nan}, 1), Error);
}

TEST_CASE("pixels that do not fit the normalizer are refused", "[data][normalize]") {
  const Normalizer<float> grey({0.5}, {0.5}, 1), colour({0.5}, {0.5}, 3);
  const Tensor<std::uint8_t> bytes({4, 2, 3});
  Tensor<float> pixels({4, 2, 3}), fewer({4, 1, 3});
  CHECK_THROWS_AS(grey(pixels, bytes), Error);
  CHECK_THROWS_AS(grey(pixels), Error);
  CHECK_THROWS_AS(colour(fewer, bytes), Error);
  CHECK_THROWS_AS(Normalizer<float>()(pixels), Error);
  CHECK_THROWS_AS(Normalizer<float>({0.5}, {0.5}, 0), Error);
  CHECK_NOTHROW(colour(pixels, bytes));
}

TEST_CASE("a channel's statistics are its pixels' mean and deviation", "[data][normalize]") {
  const Tensor<std::uint8_t> images = Tensor<std::uint8_t>::from(
      {2, 1, 2, 2}, std::vector<std::uint8_t>{0, 7, 255, 7, 51, 7, 102, 7});
  const data::ChannelStatistics statistics = data::channel_statistics(images);
  CHECK(statistics.mean[0] == Approx(0.4));
  CHECK(statistics.deviation[0] == Approx(std::sqrt((0.16 + 0.36 + 0.04 + 0.0) / 4.0)));
  CHECK(statistics.mean[1] == Approx(7.0 / 255.0));
  CHECK(statistics.deviation[1] == 1.0);  // it never changes
  CHECK_THROWS_AS(data::channel_statistics(Tensor<std::uint8_t>()), Error);
}

}  // namespace effv2::normalize_test
