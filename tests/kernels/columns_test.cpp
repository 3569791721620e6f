#include <algorithm>
#include <effv2/kernels/columns.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::columns_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("columns hold what every tap of every pixel sees, and go back to it", "[columns]") {
  Dice dice(34);
  for (int round = 0; round < 500; ++round) {
    const std::int64_t batch = dice.between(1, 3), channels = dice.between(1, 20);
    const Window window(dice.between(1, 9), dice.between(1, 9), dice.between(1, 5),
                        dice.between(1, 3),
                        dice.between(0, 1) == 0 ? Padding::symmetric : Padding::same);
    const Tensor<float> x =
        dice.integers<float>({batch, window.in_height, window.in_width, channels});
    Tensor<float> columns =
        Tensor<float>::filled({batch * window.out_pixels(), window.taps() * channels}, 99.0F);
    gather_columns<float>(columns, x, window, Execution(2));
    const Tensor<float> dcolumns = dice.integers<float>(columns.shape());
    Tensor<float> dx = Tensor<float>::filled(x.shape(), 99.0F), expected_dx(x.shape());
    scatter_columns<float>(dx, dcolumns, {}, window, Execution(2));
    std::int64_t at = 0;
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t p = 0; p < window.out_pixels(); ++p) {
        for (std::int64_t t = 0; t < window.taps(); ++t) {
          const std::int64_t source = window.source(p, t);
          for (std::int64_t c = 0; c < channels; ++c, ++at) {
            const float expected =
                source < 0 ? 0.0F : x[(n * window.in_pixels() + source) * channels + c];
            REQUIRE(columns[at] == expected);
            if (source >= 0)
              expected_dx[(n * window.in_pixels() + source) * channels + c] += dcolumns[at];
          }
        }
      }
    }
    REQUIRE(std::equal(dx.begin(), dx.end(), expected_dx.begin()));

    const Tensor<float> summand = dice.integers<float>(x.shape());
    scatter_columns<float>(dx, dcolumns, summand, window, Execution(1));
    for (std::int64_t i = 0; i < dx.size(); ++i) REQUIRE(dx[i] == expected_dx[i] + summand[i]);
  }
}

}  // namespace effv2::columns_test
