#include <effv2/nn/activation.hpp>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/depthwise_conv2d.hpp>
#include <effv2/nn/graph.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/nn/squeeze_excite.hpp>

#include "../catch.hpp"
#include "../support/small_network.hpp"

namespace effv2::graph_test {

TEST_CASE("a summary adds up what the graph lists", "[graph]") {
  const auto net = testing::small_network();
  const nn::Summary summary = nn::summary(net, {2, 5, 5, 1});
  CHECK(summary.parameters == 36 + 8 + 10);
  CHECK(summary.multiply_adds == 2 * (25 * 36 + 8));
  CHECK(summary.to_string().find("(2, 5, 5, 4)") != std::string::npos);
  const nn::Graph graph = nn::describe(net, {2, 5, 5, 1});
  CHECK(graph.nodes().front().kind == "input");
  CHECK(graph.nodes().back().kind == "linear");
  CHECK(graph.nodes()[1].attribute("kernel") == 3.0);
  CHECK(graph.nodes()[1].path == "0.conv");
}

TEST_CASE("a graph wants pictures as the layers do", "[graph]") {
  const auto net = testing::small_network();
  CHECK_THROWS_AS(nn::summary(net, {2, 5, 5, 3}), Error);
  CHECK_THROWS_AS(nn::summary(net, {5, 5}), Error);
  const nn::DepthwiseConv2d<float> depthwise({.channels = 4});
  CHECK_THROWS_AS(nn::summary(depthwise, {1, 5, 5, 8}), Error);
  CHECK_THROWS_AS(nn::summary(nn::Linear<float>(4, 3), {1, 5}), Error);
}

TEST_CASE("a graph in lines tells all but the weights", "[graph]") {
  const nn::Sequential<float> net(nn::Conv2d<float>({.out_channels = 4, .stride = 2}),
                                  nn::Activation<float>{});
  CHECK(nn::describe(net, {1, 6, 6, 1}).to_string() ==
        "layer input (1, 6, 6, 1)\n"
        "layer 0 conv2d (1, 3, 3, 4) kernel 3 stride 2 pad_top 1 pad_left 1 of 0\n"
        "layer 1 silu (1, 3, 3, 4) of 1");
}

TEST_CASE("what forward refuses cannot be described", "[graph]") {
  const Shape rows{2, 5}, picture{2, 4, 4, 5};
  CHECK_THROWS_AS(nn::describe(nn::GlobalAveragePool<float>{}, rows), Error);
  CHECK_THROWS_AS(nn::describe(nn::MaxPool<float>{}, rows), Error);
  const auto complains = Catch::Contains("[squeeze_excite]");
  CHECK_THROWS_WITH(nn::describe(nn::SqueezeExcite<float>(4, 2), picture), complains);
  CHECK_THROWS_WITH(nn::describe(nn::SqueezeExcite<float>(5, 2), rows), complains);
  CHECK_THROWS_AS(nn::describe(nn::BatchNorm<float>({.channels = 4}), picture), Error);
  CHECK_NOTHROW(nn::describe(nn::BatchNorm<float>({.channels = 5}), picture));
}

}  // namespace effv2::graph_test
