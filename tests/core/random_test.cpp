#include <algorithm>
#include <cmath>
#include <effv2/core/random.hpp>

#include "../catch.hpp"

namespace effv2::random_test {

TEST_CASE("Philox 4x32-10 gives the published answers", "[random]") {
  // Known-answer vectors of the Random123 distribution.
  constexpr std::uint32_t ones = 0xFFFFFFFF;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) ==
        PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
        PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("every coordinate of a stream matters", "[random]") {
  const RandomStream s{1, 2, 3};
  const PhiloxCounter here = s.bits(4, 5);
  CHECK(RandomStream{1, 2, 3}.bits(4, 5) == here);
  CHECK(s.bits(5, 4) != here);
  CHECK(RandomStream{2, 2, 3}.bits(4, 5) != here);
  CHECK(RandomStream{1ULL << 32 | 1, 2, 3}.bits(4, 5) != here);
  CHECK(RandomStream{1, 3, 3}.bits(4, 5) != here);
  CHECK(RandomStream{1, 2, 4}.bits(4, 5) != here);
}

TEST_CASE("uniform, normal and below have their distributions", "[random]") {
  const RandomStream s{9, 0, 0};
  constexpr std::uint32_t count = 200000;
  double sum = 0.0, sum_of_squares = 0.0, lag = 0.0, last = 0.5;
  double normal = 0.0, square = 0.0, fourth = 0.0;
  int bins[7] = {};
  for (std::uint32_t i = 0; i < count; ++i) {
    const float u = s.uniform(i, 1);
    REQUIRE(u >= 0.0F);
    REQUIRE(u < 1.0F);
    const double v = static_cast<double>(u);
    sum += v, sum_of_squares += v * v, lag += (v - 0.5) * (last - 0.5), last = v;
    const double n = s.normal(i, 2);
    normal += n, square += n * n, fourth += n * n * n * n;
    ++bins[s.below(7, i, 3)];
  }
  // Within about five standard errors.
  CHECK(sum / count == Approx(0.5).margin(0.003));
  CHECK(sum_of_squares / count == Approx(1.0 / 3.0).margin(0.0033));
  CHECK(lag / count == Approx(0.0).margin(0.001));
  CHECK(normal / count == Approx(0.0).margin(0.01));
  CHECK(square / count == Approx(1.0).margin(0.015));
  CHECK(fourth / count == Approx(3.0).margin(0.12));
  for (const int bin : bins) CHECK(bin == Approx(count / 7.0).epsilon(0.03));
}

TEST_CASE("the ends of the ranges are right", "[random]") {
  const RandomStream s{5, 0, 0};
  float lowest = 1.0F, highest = 0.0F;
  for (std::uint32_t i = 0; i < 100000; ++i) {
    lowest = std::min(lowest, s.uniform(i));
    highest = std::max(highest, s.uniform(i));
    REQUIRE(s.below(1, i) == 0);
    REQUIRE(s.below(3, i) < 3);
    REQUIRE(std::isfinite(s.normal(i)));
  }
  CHECK(lowest < 1e-4F);
  CHECK(highest > 1.0F - 1e-4F);
}

}  // namespace effv2::random_test
