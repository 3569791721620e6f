// A network of three layers, one with children and one without parameters.
#pragma once

#include <effv2/nn/conv_bn_act.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>

namespace effv2::testing {

/// Pictures of one channel -> two logits.
inline nn::Sequential<float> small_network() {
  nn::Sequential<float> net(nn::conv_bn_act<float>(1, 4, 3, 1, {}, nn::ActivationKind::relu),
                            nn::GlobalAveragePool<float>{}, nn::Linear<float>(4, 2));
  nn::initialize(net, 1);
  return net;
}

}  // namespace effv2::testing
