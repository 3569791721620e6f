// Whole blocks: ConvBnAct, Fused-MBConv, MBConv.
#include <effv2/nn/conv_bn_act.hpp>
#include <effv2/nn/fused_mbconv.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/sequential.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::block_gradient_test {

using namespace effv2::testing;

namespace {

nn::BlockOptions random_block(Dice& dice) {
  const std::int64_t in = dice.between(1, 9);
  return {in,
          dice.coin() ? in : dice.between(1, 9),
          dice.coin() ? 3 : 5,
          dice.between(1, 2),
          dice.coin() ? 1 : dice.between(2, 4),
          dice.coin() ? 0.0 : 0.4};
}

template <class Make>
void check(const char* name, std::uint32_t stream, Make&& make) {
  Dice dice(stream);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    const nn::BlockOptions options = random_block(dice);
    auto block = make(options, dice);
    nn::initialize(block, static_cast<std::uint64_t>(i));
    nn::for_each_parameter(block, [&](const std::string& path, auto& p) {
      if (path.ends_with("bn.weight")) {
        for (double& v : p.edit()) v = dice.uniform(0.5, 1.5);
      } else if (path.ends_with("bias")) {
        for (double& v : p.edit()) v = dice.uniform(-0.5, 0.5);
      }
    });
    // At least four values per channel after a stride of 2.
    const Tensor<double> x = dice.tensor<double>(
        {dice.between(4, 6), dice.between(1, 5), dice.between(1, 5), options.in_channels});
    const double error = gradient_error(block, Tensor<double>(x), dice, 4);
    CAPTURE(i, x.shape().to_string(), options.out_channels, options.stride, options.expand, error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient(name, gradient_shapes, worst);
}

}  // namespace

TEST_CASE("gradients of blocks", "[gradient]") {
  using nn::ActivationKind;
  check("conv_bn_act", 113, [](const nn::BlockOptions& o, Dice&) {
    return nn::conv_bn_act<double>(o.in_channels, o.out_channels, o.kernel, o.stride, {},
                                   ActivationKind::silu);
  });
  check("fused_mbconv", 114,
        [](const nn::BlockOptions& o, Dice&) { return nn::FusedMBConv<double>(o); });
  check("mbconv", 115, [](const nn::BlockOptions& o, Dice&) { return nn::MBConv<double>(o); });
  check("sequential", 116, [](const nn::BlockOptions& o, Dice&) {
    return nn::Sequential<double>(
        nn::FusedMBConv<double>(o),
        nn::MBConv<double>({o.out_channels, o.out_channels, 3, 1, 2, 0.0}),
        nn::conv_bn_act<double>(o.out_channels, 3, 1, 1, {}, ActivationKind::sigmoid));
  });
}

}  // namespace effv2::block_gradient_test
