// A network of one's own out of the library's layers: LeNet's shape, on MNIST's sample.
#include <cstdio>
#include <effv2/data/gzip.hpp>
#include <effv2/effv2.hpp>

using namespace effv2;

int main() {
  const std::string directory = EFFV2_SOURCE_DIR "/examples/data/mnist-sample";
  const auto training = data::load_mnist(directory, data::Split::train, data::open_gzip);
  const auto test = data::load_mnist(directory, data::Split::test, data::open_gzip);

  nn::Sequential<float> net(
      nn::Conv2d<float>({.in_channels = 1, .out_channels = 16, .kernel = 5, .bias = true}),
      nn::Activation<float>{nn::ActivationKind::relu}, nn::MaxPool<float>{},
      nn::conv_bn_act<float>(16, 32, 3, 1, {}, nn::ActivationKind::silu), nn::MaxPool<float>{},
      nn::Flatten<float>{}, nn::Linear<float>(7 * 7 * 32, 10));
  nn::initialize(net, 1);

  std::printf("%s\n", nn::summary(net, {1, 28, 28, 1}).to_string().c_str());
  const auto result = train::fit(net, training, test, {.epochs = 2, .learning_rate = 3e-3});
  std::printf("test accuracy %.2f %%\n", 100.0 * result.evaluation.accuracy());
}
