#include <effv2/kernels/row_blocks.hpp>
#include <set>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::row_blocks_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("the list of blocks holds every row of every group once", "[row_blocks]") {
  Dice dice(33);
  for (int round = 0; round < 300; ++round) {
    const Window window(dice.between(1, 9), dice.between(1, 9), 1 + 2 * dice.between(0, 2),
                        dice.between(1, 2), Padding::symmetric);
    const TapPlan plan = gather_plan(window);
    const std::int64_t batch = dice.between(1, 40), tile = dice.between(1, 14);
    const std::int64_t rows = tile * dice.between(1, 8);
    const std::int64_t numbers = dice.between(0, 50) * window.in_pixels() * 3;
    const kernels::detail::RowBlocks blocks(plan, batch, 3, numbers, rows, tile);
    std::set<std::int64_t> seen;
    // In two halves, as two tasks would take them.
    const std::int64_t half = dice.between(0, blocks.size());
    for (const auto& [begin, end] : {std::pair{std::int64_t{0}, half}, {half, blocks.size()}}) {
      std::int64_t count = 0;
      blocks.for_each(begin, end, [&](std::int64_t index, const kernels::detail::RowBlock& block) {
        REQUIRE(index == begin + count);
        ++count;
        REQUIRE(block.count > 0);
        REQUIRE(block.count <= rows);
        std::vector<std::int64_t> at(static_cast<std::size_t>(block.count));
        kernels::detail::row_pointers(at.data(), std::int64_t{0}, block,
                                      block.group->targets.data(), plan.target_pixels, 1);
        for (const std::int64_t pixel : at) REQUIRE(seen.insert(pixel).second);
      });
      REQUIRE(count == end - begin);
    }
    REQUIRE(static_cast<std::int64_t>(seen.size()) == batch * plan.target_pixels);
    REQUIRE(*seen.rbegin() == batch * plan.target_pixels - 1);
  }
}

}  // namespace effv2::row_blocks_test
