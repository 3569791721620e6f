#include <algorithm>
#include <effv2/data/permutation.hpp>
#include <numeric>
#include <vector>

#include "../catch.hpp"

namespace effv2::permutation_test {

using namespace effv2::data;

namespace {

std::vector<std::int64_t> permutation(std::size_t count, const RandomStream& random) {
  std::vector<std::int64_t> order(count, -1);
  permute(order, random);
  return order;
}

}  // namespace

TEST_CASE("a permutation has every number once", "[data][permutation]") {
  for (const std::size_t count : {0U, 1U, 2U, 3U, 1000U}) {
    std::vector<std::int64_t> order = permutation(count, {1, streams::shuffle, 0});
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> expected(count);
    std::iota(expected.begin(), expected.end(), std::int64_t{0});
    CHECK(order == expected);
  }
}

TEST_CASE("a permutation depends on seed, stream and step, and on nothing else",
          "[data][permutation]") {
  const auto order = permutation(100, {1, 2, 3});
  CHECK(order == permutation(100, {1, 2, 3}));
  CHECK(order != permutation(100, {2, 2, 3}));
  CHECK(order != permutation(100, {1, 3, 3}));
  CHECK(order != permutation(100, {1, 2, 4}));
}

TEST_CASE("all permutations of four are about equally likely", "[data][permutation]") {
  constexpr int rounds = 24000;
  std::vector<int> seen(256);
  for (std::uint32_t step = 0; step < rounds; ++step) {
    const auto order = permutation(4, {5, streams::shuffle, step});
    ++seen[static_cast<std::size_t>(order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3])];
  }
  CHECK(std::count_if(seen.begin(), seen.end(), [](int count) { return count > 0; }) == 24);
  // 1000 expected each; five deviations are 155.
  for (const int count : seen) CHECK((count == 0 || std::abs(count - 1000) < 155));
}

}  // namespace effv2::permutation_test
