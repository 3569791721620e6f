#include <effv2/kernels/packed_matrix.hpp>

#include "../catch.hpp"
#include "../support/counting_new.hpp"
#include "../support/random.hpp"

namespace effv2::packed_matrix_test {

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

TEST_CASE("a matrix for whose new size there is no memory stays what it was", "[packed_matrix]") {
  const Tensor<float> small({1, 4, 4}), large({9, 40, 80});
  const Execution run(1);
  PackedMatrix<float> b;
  pack<float>(b, small, 1, 4, 4, Transpose::no, run);
  const auto pack_without_memory = [&] {
    const testing::NoMemory guard;
    pack<float>(b, large, 9, 40, 80, Transpose::no, run);
  };
  CHECK_THROWS_AS(pack_without_memory(), std::bad_alloc);
  CHECK(b.taps == 1);
  CHECK(b.columns == 4);
}

}  // namespace effv2::packed_matrix_test
