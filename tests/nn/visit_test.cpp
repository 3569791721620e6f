#include <effv2/nn/visit.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/small_network.hpp"

namespace effv2::visit_test {

TEST_CASE("paths of parameters and states name the children", "[visit]") {
  auto net = testing::small_network();
  std::vector<std::string> paths;
  nn::for_each_parameter(net, [&](const std::string& path, auto&) { paths.push_back(path); });
  CHECK(paths == std::vector<std::string>{"0.conv.weight", "0.bn.weight", "0.bn.bias", "2.weight",
                                          "2.bias"});
  paths.clear();
  nn::for_each_state(std::as_const(net),
                     [&](const std::string& path, const auto&) { paths.push_back(path); });
  CHECK(paths == std::vector<std::string>{"0.bn.running_mean", "0.bn.running_var"});
}

TEST_CASE("freezing reaches what lies below a path, and only that", "[visit]") {
  auto net = testing::small_network();
  nn::freeze(net, "0");
  std::vector<std::string> frozen;
  nn::for_each_parameter(net, [&](const std::string& path, auto& p) {
    if (p.frozen) frozen.push_back(path);
  });
  CHECK(frozen == std::vector<std::string>{"0.conv.weight", "0.bn.weight", "0.bn.bias"});
  nn::for_each_state(net, [&](const std::string&, auto& s) { CHECK(s.frozen); });
  CHECK_THROWS_AS(nn::freeze(net, "0.con"), Error);
  nn::freeze(net, "", false);
  nn::for_each_parameter(net, [&](const std::string&, auto& p) { CHECK_FALSE(p.frozen); });
}

TEST_CASE("parameters are counted, gradients zeroed, by one visit", "[visit]") {
  auto net = testing::small_network();
  CHECK(nn::parameter_count(net) == 36 + 8 + 10);
  nn::for_each_parameter(net, [](const std::string&, auto& p) { p.gradient().fill(1.0F); });
  nn::zero_gradients(net);
  nn::for_each_parameter(
      net, [](const std::string&, auto& p) { CHECK(testing::largest(p.gradient()) == 0.0); });
}

}  // namespace effv2::visit_test
