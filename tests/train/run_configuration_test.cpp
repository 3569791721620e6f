#include <effv2/nn/dropout.hpp>
#include <effv2/nn/fused_mbconv.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/train/run_configuration.hpp>
#include <utility>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::run_configuration_test {

using testing::quarters;

namespace {

nn::Sequential<float> network(std::int64_t width) {
  return nn::Sequential<float>(nn::Flatten<float>{}, nn::Linear<float>(64, width),
                               nn::Linear<float>(width, 4));
}

struct Named {
  std::string configuration() const { return "net of mine"; }
};

}  // namespace

TEST_CASE("data are told apart by a pixel, a label, a class", "[run_configuration]") {
  const data::Dataset one = quarters(8, 600);
  data::Dataset same = quarters(8, 600), pixel = quarters(8, 600), label = quarters(8, 600),
                classes = quarters(8, 600);
  CHECK(train::fingerprint(one) == train::fingerprint(same));
  pixel.images[5] = static_cast<std::uint8_t>(pixel.images[5] + 1);
  CHECK(train::fingerprint(one) != train::fingerprint(pixel));
  label.labels[7] = (label.labels[7] + 1) % 4;
  CHECK(train::fingerprint(one) != train::fingerprint(label));
  classes.classes = 5;
  CHECK(train::fingerprint(one) != train::fingerprint(classes));
}

TEST_CASE("a model is known by what it says, else by its graph", "[run_configuration]") {
  const Shape images{1, 8, 8, 1};
  CHECK(train::model_text(Named{}, images) == "\nnet of mine");
  const std::string narrow = train::model_text(network(3), images);
  CHECK(narrow == train::model_text(network(3), images));
  CHECK(narrow != train::model_text(network(5), images));
  CHECK(train::model_text(0, images).empty());
}

TEST_CASE("what is frozen has a line each", "[run_configuration]") {
  auto net = network(3);
  CHECK(train::frozen_text(net).empty());
  nn::for_each_parameter(net, [](const std::string& path, auto& parameter) {
    parameter.frozen = path.starts_with("1.");
  });
  CHECK(train::frozen_text(net) == "\nfrozen 1.weight\nfrozen 1.bias");
}

TEST_CASE("an optimiser has a line for what the options do not say", "[run_configuration]") {
  auto net = network(3);
  train::FitOptions options;
  optim::AdamW<float> optimizer(net, {.weight_decay = options.weight_decay});
  CHECK(train::optimizer_text<float>(optimizer, options).empty());
  optimizer.clip_norm = 2.0;
  optimizer.group("2", 10.0, 0.0);
  CHECK(train::optimizer_text<float>(optimizer, options) ==
        "\noptimizer_clip_norm 2\ngroup 2.weight 10 0\ngroup 2.bias 10 0");
  options.clip_norm = 2.0;
  CHECK_FALSE(train::optimizer_text<float>(optimizer, options).starts_with("\noptimizer"));
}

TEST_CASE("a model is known by what happens to it in training alone", "[run_configuration]") {
  const auto text_of = [](auto layer) {
    return train::model_text(nn::Sequential<float>(std::move(layer)), {1, 8, 8, 4});
  };
  const auto block = [](double drop_path) {
    return nn::BlockOptions{.in_channels = 4, .out_channels = 4, .drop_path = drop_path};
  };
  CHECK(text_of(nn::Dropout<float>(0.1)) != text_of(nn::Dropout<float>(0.9)));
  CHECK(text_of(nn::MBConv<float>(block(0.1))) != text_of(nn::MBConv<float>(block(0.9))));
  CHECK(text_of(nn::FusedMBConv<float>(block(0.1))) != text_of(nn::FusedMBConv<float>(block(0.9))));
  CHECK(text_of(nn::MBConv<float>(block(0.1))) == text_of(nn::MBConv<float>(block(0.1))));
  CHECK(text_of(nn::BatchNorm<float>({.channels = 4, .momentum = 0.1})) !=
        text_of(nn::BatchNorm<float>({.channels = 4, .momentum = 0.5})));
  CHECK(text_of(nn::MBConv<float>(block(0.0))).find("drop") == std::string::npos);
}

}  // namespace effv2::run_configuration_test
