#include <effv2/kernels/packed_matrix.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

using namespace effv2;
using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("packing keeps every number and pads with zeros", "[packed_matrix]") {
  Dice dice(30);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t taps = dice.between(1, 4), rows = dice.between(1, 40);
    const std::int64_t columns = dice.between(1, 80);
    const Tensor<float> w = dice.integers<float>({taps, rows, columns}, 1, 9);
    for (const Transpose transpose : {Transpose::no, Transpose::yes}) {
      PackedMatrix<float> b;
      pack<float>(b, w, taps, rows, columns, transpose, Execution(2));
      const bool swap = transpose == Transpose::yes;
      double sum = 0.0, packed_sum = 0.0;
      for (const float value : w) sum += static_cast<double>(value);
      for (const float value : b.data) packed_sum += static_cast<double>(value);
      REQUIRE(packed_sum == sum);
      for (std::int64_t t = 0; t < taps; ++t) {
        for (std::int64_t k = 0; k < b.depth; ++k) {
          for (std::int64_t n = 0; n < b.columns; ++n) {
            const std::int64_t panel = n / RegisterTile<float>::columns;
            const std::int64_t lanes = b.view().panel_vectors(panel) * simd::width<float>;
            const float value =
                b.view().panel(panel)[(t * b.depth + k) * lanes + n % RegisterTile<float>::columns];
            REQUIRE(value == (swap ? w(t, n, k) : w(t, k, n)));
          }
        }
      }
    }
  }
}
