#include <effv2/kernels/linear.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::linear_test {

using namespace effv2::kernels;

TEST_CASE("the linear products equal their definitions, exactly", "[linear]") {
  testing::Dice dice(70);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t n = dice.between(1, 40), in = dice.between(1, 60), out = dice.between(1, 70);
    const Tensor<float> x = dice.integers<float>({n, in}), w = dice.integers<float>({in, out});
    const Tensor<float> b = dice.integers<float>({out}), dy = dice.integers<float>({n, out});
    const Execution run(1 + i % 3);
    PackedMatrix<float> packed, transposed;
    pack<float>(packed, w, 1, in, out, Transpose::no, run);
    pack<float>(transposed, w, 1, in, out, Transpose::yes, run);
    Tensor<float> y({n, out}), dx({n, in}), dw = Tensor<float>::filled({in, out}, 1.0F);
    linear_forward<float>(y, x, packed, b, run);
    linear_backward_data<float>(dx, dy, transposed, run);
    linear_backward_weights<float>(dw, dy, x, run);
    for (std::int64_t r = 0; r < n; ++r) {
      for (std::int64_t o = 0; o < out; ++o) {
        float sum = b[o];
        for (std::int64_t k = 0; k < in; ++k) sum += x(r, k) * w(k, o);
        REQUIRE(y(r, o) == sum);
      }
    }
    for (std::int64_t k = 0; k < in; ++k) {
      for (std::int64_t r = 0; r < n; ++r) {
        float sum = 0.0F;
        for (std::int64_t o = 0; o < out; ++o) sum += dy(r, o) * w(k, o);
        REQUIRE(dx(r, k) == sum);
      }
      for (std::int64_t o = 0; o < out; ++o) {
        float sum = 1.0F;
        for (std::int64_t r = 0; r < n; ++r) sum += x(r, k) * dy(r, o);
        REQUIRE(dw(k, o) == sum);
      }
    }
  }
}

}  // namespace effv2::linear_test
