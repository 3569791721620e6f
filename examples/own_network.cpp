// A network of one's own out of the library's layers: LeNet's shape, on MNIST's sample. Its weights
// go into a file, and come back from it.
//
//   own_network [FILE]
#include <cstdio>
#include <effv2/data/gzip.hpp>
#include <effv2/effv2.hpp>
#include <exception>
#include <string>

using namespace effv2;

namespace {

// A file has the weights of these layers, by their places ("0.weight", "3.bn.running_mean"); which
// layers they are of is for the program to know.
nn::Sequential<float> make_network() {
  return nn::Sequential<float>(
      nn::Conv2d<float>({.in_channels = 1, .out_channels = 16, .kernel = 5, .bias = true}),
      nn::Activation<float>{nn::ActivationKind::relu}, nn::MaxPool<float>{},
      nn::conv_bn_act<float>(16, 32, 3, 1, {}, nn::ActivationKind::silu), nn::MaxPool<float>{},
      nn::Flatten<float>{}, nn::Linear<float>(7 * 7 * 32, 10));
}

void run(const std::string& path) {
  const std::string directory = EFFV2_SOURCE_DIR "/examples/data/mnist-sample";
  const auto training = data::load_mnist(directory, data::Split::train, data::open_gzip);
  const auto test = data::load_mnist(directory, data::Split::test, data::open_gzip);

  AtomicFile{path};  // whether it can be written is found out before there is a network to lose
  auto net = make_network();
  nn::initialize(net, 1);
  std::printf("%s\n", nn::summary(net, {1, 28, 28, 1}).to_string().c_str());
  const auto result = train::fit(net, training, test, {.epochs = 2, .learning_rate = 3e-3});
  std::printf("test accuracy %.2f %%\n", 100.0 * result.evaluation.accuracy());

  io::SafetensorsWriter writer;
  io::add_weights(writer, net);
  writer.write(path);

  auto again = make_network();
  io::load_weights(again, io::SafetensorsFile::read(path));
  nn::Context<float> context;
  const auto evaluation = train::evaluate(again, test, {}, context);
  std::printf("and %.2f %% out of %s\n", 100.0 * evaluation.accuracy(), path.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: own_network [FILE]\n");
    return 2;
  }
  try {
    run(argc == 2 ? argv[1] : "own_network.safetensors");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "own_network: %s\n", error.what());
    return 2;
  }
}
