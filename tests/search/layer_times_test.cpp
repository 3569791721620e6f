#include <algorithm>
#include <cmath>
#include <effv2/models/efficientnet.hpp>
#include <effv2/search/layer_times.hpp>
#include <set>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace effv2::layer_times_test {

using search::Candidate;
using search::LayerSpec;
using search::LayerTimes;
using search::Space;

namespace {

const models::ModelSpec& tiny() { return models::find_model("tiny"); }
const models::EfficientNetOptions network{.in_channels = 1, .classes = 10, .drop_path = 0.1};

std::vector<std::string> keys_of(const std::vector<LayerSpec>& layers) {
  std::vector<std::string> keys;
  for (const LayerSpec& layer : layers) keys.push_back(layer.key());
  return keys;
}

}  // namespace

TEST_CASE("a network's layers, in order, with the pictures they read", "[layer_times]") {
  const auto spec = Candidate::parse("F1k3e1-M2k5e4-F1k3e6-M2k3e4").to_spec(tiny());
  CHECK(keys_of(search::layers_of(spec, network, 21)) ==
        std::vector<std::string>{"stem k3 s2 e1 1-16 21px", "F k3 s1 e1 16-16 11px",
                                 "M k5 s2 e4 16-24 11px", "M k5 s1 e4 24-24 6px",
                                 "F k3 s2 e6 24-48 6px", "M k3 s1 e4 48-64 3px",
                                 "M k3 s1 e4 64-64 3px", "head k1 s1 e1 64-256 3px"});
}

TEST_CASE("the layers' pictures are the network's", "[layer_times]") {
  for (const char* name : {"tiny", "b0", "v1-b0"}) {
    for (const auto padding : {nn::Padding::symmetric, nn::Padding::same}) {
      models::EfficientNetOptions o = network;
      o.defaults.padding = padding, o.stem_stride = 1;
      const models::EfficientNet<float> model(models::find_model(name), o);
      const nn::Graph graph = nn::describe(model, {1, 27, 31, 1});
      const auto layers = search::layers_of(model.spec, o, {27, 31});
      REQUIRE(layers.size() == static_cast<std::size_t>(model.spec.blocks()) + 2);
      // Each block's input: the output of the last node before its path begins.
      for (std::size_t i = 1; i + 1 < layers.size(); ++i) {
        const std::string path = "blocks." + std::to_string(i - 1) + ".";
        for (std::size_t n = 1; n < graph.nodes().size(); ++n) {
          if (!graph.nodes()[n].path.starts_with(path)) continue;
          CAPTURE(name, path);
          CHECK(graph.nodes()[n - 1].output ==
                Shape{1, layers[i].size.height, layers[i].size.width, layers[i].in_channels});
          break;
        }
      }
    }
  }
}

TEST_CASE("the layers of a space are those of all its candidates, each once", "[layer_times]") {
  const Space space(tiny());
  const auto layers = search::layers_of(space, network, 20);
  std::set<std::string> keys;
  for (const LayerSpec& layer : layers) CHECK(keys.insert(layer.key()).second);
  std::set<std::string> met;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    for (const std::string& key :
         keys_of(search::layers_of(space.draw({1, 0, 0}, i).to_spec(tiny()), network, 20))) {
      REQUIRE(keys.contains(key));
      met.insert(key);
    }
  }
  CHECK(met == keys);
  // The backbone need not be in its space.
  const Space narrow(tiny(), {.kernels = {5}, .expansions = {6}});
  const auto all = keys_of(search::layers_of(narrow, network, 20));
  for (const std::string& key : keys_of(search::layers_of(tiny(), network, 20))) {
    CAPTURE(key);
    CHECK(std::find(all.begin(), all.end(), key) != all.end());
  }
}

TEST_CASE("blocks that change their picture's size are refused", "[layer_times]") {
  auto valid = network, same = network;
  valid.defaults.padding = nn::Padding::valid, same.defaults.padding = nn::Padding::same;
  CHECK_THROWS_AS(search::layers_of(Space(tiny()), valid, 20), Error);
  CHECK_THROWS_AS(search::layers_of(Space(tiny(), {.kernels = {3, 4}}), network, 20), Error);
  CHECK_NOTHROW(search::layers_of(Space(tiny(), {.kernels = {3, 4}}), same, 20));
}

TEST_CASE("a step's time is the sum of its layers', and relative to the reference's",
          "[layer_times]") {
  const auto spec = Candidate::parse("F1k3e1-F1k3e1-F1k3e1-F3k3e1").to_spec(tiny());
  LayerTimes times;
  double unit = 1.0;
  for (const LayerSpec& layer : search::layers_of(spec, network, 20)) {
    if (times.emplace(layer.key(), unit).second) unit *= 2.0;
  }
  // Stem, three single blocks, the first of the last stage, the two others that are alike, the
  // head.
  const auto layers = search::layers_of(spec, network, 20);
  CHECK(search::step_seconds(times, layers) == 1 + 2 + 4 + 8 + 16 + 2 * 32 + 64);
  const search::StepTimePrediction predicted(times, spec, network, 20);
  CHECK(predicted(spec) == 1.0);
  CHECK(predicted(Candidate::parse("F1k3e1-F1k3e1-F1k3e1-F2k3e1").to_spec(tiny())) ==
        (1 + 2 + 4 + 8 + 16 + 32 + 64) / 159.0);
  CHECK_THROWS_AS(predicted(Candidate::parse("F1k3e4-F1k3e1-F1k3e1-F2k3e1").to_spec(tiny())),
                  Error);
  for (auto& [key, seconds] : times) seconds = 0.0;
  CHECK_THROWS_AS(search::StepTimePrediction(times, spec, network, 20), Error);
}

TEST_CASE("layers are measured, the larger ones take longer", "[layer_times]") {
  const Space space(tiny(), {.kernels = {3}, .layers = search::layers_around(tiny(), 0, 0)});
  train::FitOptions fit;
  fit.batch_size = 16, fit.threads = 1;
  const auto layers = search::layers_of(space, network, 16);
  const LayerTimes times =
      search::measure_layers<float>(layers, network, fit, {.rounds = 3, .steps = 3});
  REQUIRE(times.size() == layers.size());
  for (const auto& [key, seconds] : times) {
    CAPTURE(key);
    CHECK(seconds > 0.0);
    CHECK(seconds < 10.0);
  }
  // Many times the work.
  const search::StepTimePrediction predicted(times, tiny(), network, 16);
  CHECK(predicted(Candidate::parse("F1k3e6-F2k3e6-F2k3e6-F3k3e6").to_spec(tiny())) >
        predicted(Candidate::parse("M1k3e1-M2k3e1-M2k3e1-M3k3e1").to_spec(tiny())));
  CHECK_THROWS_AS(search::measure_layers<float>(layers, network, fit, {.rounds = 0}), Error);
}

TEST_CASE("the median", "[layer_times]") {
  std::vector<double> odd = {5, 1, 3}, even = {4, 1, 3, 100}, none;
  CHECK(search::median(odd) == 3.0);
  CHECK(search::median(even) == 3.5);
  CHECK_THROWS_AS(search::median(none), Error);
}

}  // namespace effv2::layer_times_test
