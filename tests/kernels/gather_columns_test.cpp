#include <effv2/kernels/gather_columns.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

using namespace effv2;
using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("columns hold what every tap of every pixel sees", "[gather_columns]") {
  Dice dice(34);
  for (int round = 0; round < 500; ++round) {
    const std::int64_t batch = dice.between(1, 3), channels = dice.between(1, 20);
    const Window window(dice.between(1, 9), dice.between(1, 9), dice.between(1, 5),
                        dice.between(1, 3),
                        dice.between(0, 1) == 0 ? Padding::symmetric : Padding::same);
    const TapPlan plan = gather_plan(window);
    const Tensor<float> x =
        dice.integers<float>({batch, window.in_height, window.in_width, channels});
    Tensor<float> columns =
        Tensor<float>::filled({batch * window.out_pixels(), window.taps() * channels}, 99.0F);
    gather_columns<float>(columns, x, plan, window.kernel, Execution(2));
    std::int64_t at = 0;
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t p = 0; p < window.out_pixels(); ++p) {
        for (std::int64_t t = 0; t < window.taps(); ++t) {
          const std::int64_t source = window.source(p, t);
          for (std::int64_t c = 0; c < channels; ++c, ++at) {
            const float expected =
                source < 0 ? 0.0F : x[(n * window.in_pixels() + source) * channels + c];
            REQUIRE(columns[at] == expected);
          }
        }
      }
    }
  }
}
