#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/state_snapshot.hpp>

#include "../catch.hpp"

namespace effv2::state_snapshot_test {

TEST_CASE("statistics go back to what they were", "[state_snapshot]") {
  nn::BatchNorm<float> norm({.channels = 2});
  nn::initialize(norm, 1);
  nn::StateSnapshot<float> snapshot(norm);
  norm.running_mean.edit().fill(3.0F);
  snapshot.take();
  norm.running_mean.edit().fill(4.0F), norm.running_var.edit().fill(5.0F);
  norm.weight.edit().fill(6.0F);
  snapshot.restore();
  CHECK(norm.running_mean.value()[1] == 3.0F);
  CHECK(norm.running_var.value()[1] == 1.0F);
  CHECK(norm.weight.value()[1] == 6.0F);  // no statistic
}

}  // namespace effv2::state_snapshot_test
