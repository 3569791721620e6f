#include <effv2/io/parameter_names.hpp>
#include <effv2/models/tables.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::parameter_names_test {

using namespace effv2::io;

namespace {
std::string torchvision(const char* model, const std::string& path) {
  return foreign_name(Naming::torchvision, models::find_model(model), path);
}
std::string timm(const char* model, const std::string& path) {
  return foreign_name(Naming::timm, models::find_model(model), path);
}
}  // namespace

TEST_CASE("torchvision's names", "[names]") {
  CHECK(torchvision("s", "stem.conv.weight") == "features.0.0.weight");
  CHECK(torchvision("s", "stem.bn.running_var") == "features.0.1.running_var");
  CHECK(torchvision("s", "blocks.0.expand.conv.weight") == "features.1.0.block.0.0.weight");
  CHECK(torchvision("s", "blocks.2.expand.bn.bias") == "features.2.0.block.0.1.bias");
  CHECK(torchvision("s", "blocks.5.project.conv.weight") == "features.2.3.block.1.0.weight");
  CHECK(torchvision("s", "blocks.10.depthwise.conv.weight") == "features.4.0.block.1.0.weight");
  CHECK(torchvision("s", "blocks.11.squeeze_excite.reduce.bias") ==
        "features.4.1.block.2.fc1.bias");
  CHECK(torchvision("s", "blocks.39.project.bn.weight") == "features.6.14.block.3.1.weight");
  CHECK(torchvision("s", "head.conv.weight") == "features.7.0.weight");
  CHECK(torchvision("m", "head.bn.weight") == "features.8.1.weight");
  CHECK(torchvision("s", "classifier.weight") == "classifier.1.weight");
  CHECK(torchvision("v1-b0", "blocks.0.depthwise.conv.weight") == "features.1.0.block.0.0.weight");
  CHECK(torchvision("v1-b0", "blocks.0.squeeze_excite.expand.weight") ==
        "features.1.0.block.1.fc2.weight");
  CHECK(torchvision("v1-b0", "blocks.0.project.bn.bias") == "features.1.0.block.2.1.bias");
}

TEST_CASE("timm's names", "[names]") {
  CHECK(timm("s", "stem.conv.weight") == "conv_stem.weight");
  CHECK(timm("s", "stem.bn.weight") == "bn1.weight");
  CHECK(timm("s", "blocks.0.expand.conv.weight") == "blocks.0.0.conv.weight");
  CHECK(timm("s", "blocks.3.expand.conv.weight") == "blocks.1.1.conv_exp.weight");
  CHECK(timm("s", "blocks.3.project.bn.bias") == "blocks.1.1.bn2.bias");
  CHECK(timm("s", "blocks.10.expand.bn.bias") == "blocks.3.0.bn1.bias");
  CHECK(timm("s", "blocks.10.depthwise.conv.weight") == "blocks.3.0.conv_dw.weight");
  CHECK(timm("s", "blocks.10.squeeze_excite.expand.bias") == "blocks.3.0.se.conv_expand.bias");
  CHECK(timm("s", "blocks.10.project.conv.weight") == "blocks.3.0.conv_pwl.weight");
  CHECK(timm("s", "head.bn.running_mean") == "bn2.running_mean");
  CHECK(timm("v1-b0", "blocks.0.project.conv.weight") == "blocks.0.0.conv_pw.weight");
  CHECK(timm("s", "classifier.bias") == "classifier.bias");
}

TEST_CASE("what is not there has no name", "[names]") {
  CHECK_THROWS_AS(torchvision("s", "tail.weight"), Error);
  CHECK_THROWS_AS(torchvision("s", "blocks.40.expand.conv.weight"), Error);
  CHECK_THROWS_AS(torchvision("s", "blocks.first.expand.conv.weight"), Error);
  CHECK_THROWS_AS(torchvision("s", "blocks.-1.expand.conv.weight"), Error);
  CHECK_THROWS_WITH(io::foreign_name(io::Naming::timm, {}, "blocks.0.expand.conv.weight"),
                    Catch::Contains("need the model's table"));
}

TEST_CASE("layouts go there and back, number by number", "[names]") {
  testing::Dice dice(600);
  const Tensor<float> conv = dice.tensor<float>({3, 5, 4, 6});
  const Tensor<float> torch = to_torch(conv, true);
  CHECK(torch.shape() == Shape{6, 4, 3, 5});
  CHECK(torch(5, 2, 1, 4) == conv(1, 4, 2, 5));
  const Tensor<float> depthwise = dice.tensor<float>({3, 3, 7});
  CHECK(to_torch(depthwise, true).shape() == Shape{7, 1, 3, 3});
  CHECK(to_torch(depthwise, true)(6, 0, 2, 1) == depthwise(2, 1, 6));
  const Tensor<float> matrix = dice.tensor<float>({2, 9});
  CHECK(to_torch(matrix, false).shape() == Shape{9, 2});
  CHECK(to_torch(matrix, true).shape() == Shape{9, 2, 1, 1});
  CHECK(to_torch(matrix, false)(8, 1) == matrix(1, 8));
  for (const Tensor<float>* values : {&conv, &depthwise, &matrix}) {
    const Tensor<float> back = from_torch(to_torch(*values, true), values->shape());
    CHECK(testing::largest_difference(back, *values) == 0.0);
  }
  CHECK_THROWS_AS(from_torch(matrix, {3, 9}), Error);
}

}  // namespace effv2::parameter_names_test
