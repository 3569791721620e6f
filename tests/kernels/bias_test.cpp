#include <effv2/kernels/bias.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::bias_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("the gradient of a bias is the sum over all rows", "[bias]") {
  Dice dice(15);
  for (int round = 0; round < 300; ++round) {
    const std::int64_t rows = dice.between(1, 70), channels = dice.between(1, 40);
    const Tensor<float> dy = dice.integers<float>({rows, 1, 1, channels});
    Tensor<float> db = Tensor<float>::filled({channels}, 1.0F);
    bias_backward<float>(db, dy, Execution(1 + round % 3));
    for (std::int64_t c = 0; c < channels; ++c) {
      float expected = 1.0F;
      for (std::int64_t row = 0; row < rows; ++row) expected += dy[row * channels + c];
      REQUIRE(db[c] == expected);
    }
  }
}

TEST_CASE("many rows are summed to the last digit, on any number of threads", "[bias]") {
  // From 2^24 on a float has no odd numbers: a single running sum would lose the ones.
  const std::int64_t rows = (std::int64_t{1} << 19) + 3;
  for (const std::int64_t channels : {1, 20}) {
    const Tensor<float> dy = Tensor<float>::filled({rows, channels}, 129.0F);
    for (const int threads : {1, 2, 5}) {
      Tensor<float> db({channels});
      bias_backward<float>(db, dy, Execution(threads));
      for (const float sum : db) REQUIRE(sum == 129.0F * static_cast<float>(rows));
    }
  }
}

}  // namespace effv2::bias_test
