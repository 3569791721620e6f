#include <effv2/kernels/elementwise.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

using namespace effv2;
using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("sums and products, in place too, with tails", "[elementwise]") {
  Dice dice(530);
  for (const std::int64_t size : {1, 15, 16, 17, 40000}) {
    Tensor<float> a = dice.integers<float>({size});
    const Tensor<float> b = dice.integers<float>({size}), before(a);
    Tensor<float> y({size});
    multiply<float>(y, a, b, Execution(2));
    add<float>(a, a, b, Execution(2));
    for (std::int64_t i = 0; i < size; ++i) {
      REQUIRE(a[i] == before[i] + b[i]);
      REQUIRE(y[i] == before[i] * b[i]);
    }
  }
}

TEST_CASE("scaling by sample and by channel", "[elementwise]") {
  Dice dice(531);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t n = dice.between(1, 5), h = dice.between(1, 4), w = dice.between(1, 4);
    const std::int64_t c = dice.between(1, 40);
    const Tensor<float> x = dice.integers<float>({n, h, w, c}),
                        dy = dice.integers<float>({n, h, w, c});
    const Tensor<float> by_sample = dice.integers<float>({n}),
                        by_channel = dice.integers<float>({n, c});
    const Tensor<float> dmean = dice.integers<float>({n, c});
    Tensor<float> y(x.shape()), z(x.shape()), dscale({n, c}), dx(x.shape());
    const Execution run(2);
    scale_samples<float>(y, x, by_sample, run);
    scale_channels_forward<float>(z, x, by_channel, run);
    scale_channels_backward_scale<float>(dscale, dy, x, run);
    squeeze_excite_backward_data<float>(dx, dy, by_channel, dmean, run);
    for (std::int64_t b = 0; b < n; ++b) {
      for (std::int64_t k = 0; k < c; ++k) {
        float product = 0.0F;
        for (std::int64_t p = 0; p < h * w; ++p) {
          const std::int64_t yy = p / w, xx = p % w;
          REQUIRE(y(b, yy, xx, k) == x(b, yy, xx, k) * by_sample[b]);
          REQUIRE(z(b, yy, xx, k) == x(b, yy, xx, k) * by_channel(b, k));
          REQUIRE(dx(b, yy, xx, k) == Approx(dy(b, yy, xx, k) * by_channel(b, k) +
                                             dmean(b, k) / static_cast<float>(h * w)));
          product += x(b, yy, xx, k) * dy(b, yy, xx, k);
        }
        REQUIRE(dscale(b, k) == product);
      }
    }
  }
}
