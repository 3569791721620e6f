#include "../../examples/experiments/statistics.hpp"

#include <array>
#include <limits>
#include <vector>

#include "../catch.hpp"

using namespace experiments;

namespace {

constexpr double never = std::numeric_limits<double>::quiet_NaN();

// Two groups of three runs and how one differs from the other.
Finding compare(const Numbers& a, const Numbers& b, double margin = 0.0, double least = 1e-4) {
  const std::array groups{a, b};
  const std::array terms{Weighted{1.0, a}, Weighted{-1.0, b}};
  return above_zero(terms, pooled(groups, least), margin);
}

}  // namespace

TEST_CASE("mean, deviation and median", "[statistics]") {
  CHECK(mean({1.0, 2.0, 6.0}) == 3.0);
  CHECK(deviation({1.0, 2.0, 6.0}) == Approx(2.6457513));  // sqrt((4 + 1 + 9) / 2)
  CHECK(deviation({5.0}) == 0.0);
  CHECK(median({3.0, 1.0, 2.0}) == 2.0);
  CHECK(median({4.0, 1.0, 2.0, 3.0}) == 2.5);
  CHECK(median({7.0}) == 7.0);
  CHECK(median_of_finite({never, 3.0, 1.0}) == 2.0);
  CHECK(std::isnan(median_of_finite({never})));
}

TEST_CASE("the scatter of several groups", "[statistics]") {
  // Variances 1 (of 3 runs) and 4 (of 2): (2 * 1 + 1 * 4) / 3.
  const std::array groups{Numbers{1.0, 2.0, 3.0}, Numbers{10.0, 10.0 + std::sqrt(8.0)},
                          Numbers{99.0}};
  const Scatter scatter = pooled(groups, 0.0);
  CHECK(scatter.degrees == 3);
  CHECK(scatter.deviation == Approx(std::sqrt(2.0)));
  CHECK(pooled(groups, 5.0).deviation == 5.0);
  const std::array single{Numbers{1.0}, Numbers{2.0}};
  CHECK(pooled(single, 0.5).degrees == 0);
}

TEST_CASE("Student's bound for 95 of 100", "[statistics]") {
  CHECK(student_t(1) == 12.706);
  CHECK(student_t(4) == 2.776);
  CHECK(student_t(30) == 2.042);
  CHECK(student_t(40) == Approx(2.0211).margin(1e-4));
  CHECK(student_t(120) == Approx(1.9799).margin(1e-4));
  CHECK(std::isinf(student_t(0)));
  for (int degrees = 1; degrees < 60; ++degrees) {
    CAPTURE(degrees);
    CHECK(student_t(degrees + 1) < student_t(degrees));
  }
}

TEST_CASE("a difference is seen, not seen, or within the noise", "[statistics]") {
  // Deviation 0.01 each: the noise is 2.776 * 0.01 * sqrt(2 / 3).
  const Numbers low{0.89, 0.90, 0.91}, high{0.92, 0.93, 0.94}, near{0.90, 0.91, 0.92};
  const Finding seen = compare(high, low);
  CHECK(seen.value == Approx(0.03));
  CHECK(seen.noise == Approx(2.776 * 0.01 * std::sqrt(2.0 / 3.0)));
  CHECK(seen.verdict == Verdict::seen);
  CHECK(compare(low, high).verdict == Verdict::not_seen);
  CHECK(compare(near, low).verdict == Verdict::within_noise);
  CHECK(compare(low, near).verdict == Verdict::within_noise);
  // What is granted moves the zero, and the noise stays.
  CHECK(compare(low, near, 0.034).verdict == Verdict::seen);
  CHECK(compare(low, high, 0.01).verdict == Verdict::within_noise);
  // Runs that agree by chance: a picture of the test set is the least.
  const Numbers same{0.9, 0.9, 0.9}, next{0.9001, 0.9001, 0.9001};
  CHECK(compare(next, same, 0.0, 1e-4).verdict == Verdict::within_noise);
  CHECK(compare(next, same, 0.0, 1e-5).verdict == Verdict::seen);
  // One run of each says nothing.
  CHECK(compare({0.99}, {0.5}).verdict == Verdict::within_noise);
}

TEST_CASE("a contrast of four means", "[statistics]") {
  const std::array terms{Weighted{1.0, {5.0, 5.0}}, Weighted{-1.0, {4.0, 4.0}},
                         Weighted{-1.0, {3.0, 3.0}}, Weighted{1.0, {2.0, 2.5}}};
  const Finding finding = above_zero(terms, {0.1, 4}, 0.0);
  CHECK(finding.value == Approx(0.25));
  CHECK(finding.noise == Approx(2.776 * 0.1 * std::sqrt(4.0 / 2.0)));
  CHECK(finding.verdict == Verdict::within_noise);
}

TEST_CASE("ratios of times, seed by seed", "[statistics]") {
  // A machine that slows down does so for both.
  CHECK(ratios({1.0, 2.0, 4.0}, {2.0, 4.0, 8.0}) == Numbers{0.5, 0.5, 0.5});
  CHECK(below_one({0.5, 0.9, 0.7}).verdict == Verdict::seen);
  CHECK(below_one({0.5, 0.9, 0.7}).value == 0.7);
  CHECK(below_one({0.5, 1.1, 0.7}).verdict == Verdict::within_noise);
  CHECK(below_one({1.5, 1.1, 1.7}).verdict == Verdict::not_seen);
  CHECK(below_one({0.5, 0.6}).verdict == Verdict::within_noise);
  CHECK(below_one({}).verdict == Verdict::within_noise);
}

TEST_CASE("seeds that did not get there are left out", "[statistics]") {
  CHECK(ratios({1.0, never, 3.0}, {2.0, 2.0, never}) == Numbers{0.5});
}
