// That exported models compute the same is for interop/check_onnx.mjs to see; here, that the file
// says what it should.
#include <cstring>
#include <effv2/io/onnx.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <limits>
#include <map>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::onnx_test {

namespace {

// The fields of a protobuf message, as far as ONNX has them.
struct Fields {
  std::multimap<int, std::string> texts;
  std::multimap<int, std::int64_t> integers;
  std::multimap<int, float> reals;

  explicit Fields(std::string_view bytes) {
    std::size_t at = 0;
    const auto varint = [&] {
      std::uint64_t value = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.at(at++));
        value |= std::uint64_t{byte & 127U} << shift;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.size()) {
      const std::uint64_t key = varint();
      const int field = static_cast<int>(key >> 3);
      if ((key & 7U) == 0) {
        integers.emplace(field, static_cast<std::int64_t>(varint()));
      } else if ((key & 7U) == 5) {
        float value = 0.0F;
        std::memcpy(&value, bytes.substr(at, 4).data(), 4);
        reals.emplace(field, value), at += 4;
      } else {
        REQUIRE((key & 7U) == 2);
        const auto size = static_cast<std::size_t>(varint());
        REQUIRE(size <= bytes.size() - at);
        texts.emplace(field, bytes.substr(at, size)), at += size;
      }
    }
  }

  std::string text(int field) const { return texts.find(field)->second; }
  std::int64_t integer(int field) const { return integers.find(field)->second; }
  std::vector<std::string> all(int field) const {
    std::vector<std::string> found;
    for (auto [i, end] = texts.equal_range(field); i != end; ++i) found.push_back(i->second);
    return found;
  }
};

Fields graph_of(const std::string& file) { return Fields(Fields(file).text(7)); }

std::vector<std::string> operations(const Fields& graph) {
  std::vector<std::string> names;
  for (const std::string& node : graph.all(1)) names.push_back(Fields(node).text(4));
  return names;
}

std::map<std::string, std::vector<float>> constants(const Fields& graph) {
  std::map<std::string, std::vector<float>> found;
  for (const std::string& text : graph.all(5)) {
    const Fields tensor(text);
    if (tensor.integer(2) != 1) continue;
    const std::string raw = tensor.text(9);
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    found.emplace(tensor.text(8), values);
  }
  return found;
}

// A convolution with a bias, batch norm with other numbers in every channel.
nn::Sequential<float> network() {
  nn::Sequential<float> net(
      nn::Conv2d<float>({.in_channels = 1, .out_channels = 4, .kernel = 3, .bias = true}),
      nn::BatchNorm<float>({.channels = 4, .activation = nn::ActivationKind::relu}),
      nn::GlobalAveragePool<float>{}, nn::Linear<float>(4, 2));
  nn::initialize(net, 1);
  float next = 0.5F;
  const auto count_up = [&](const std::string&, auto& variable) {
    if (variable.size() != 4) return;
    for (float& value : variable.edit()) value = next += 0.25F;
  };
  nn::for_each_parameter(net, count_up);
  nn::for_each_state(net, count_up);
  return net;
}

// Whose second layer is called like a node, or like the first.
struct Pair {
  using value_type = float;
  std::string second_name;
  nn::ConvBnAct<float> first = nn::conv_bn_act<float>(2, 2, 1, 1, {}, nn::ActivationKind::identity);
  nn::Conv2d<float> second{{.in_channels = 2, .out_channels = 2, .kernel = 1, .bias = true}};

  void visit(nn::Visitor<float>& visitor) { visitor("first", first), visitor(second_name, second); }
  int describe(nn::Graph& graph, int input) const {
    return graph.enter(second_name, second, graph.enter("first", first, input));
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a model becomes a graph of ONNX's operations", "[onnx]") {
  const std::string file =
      io::encode_onnx(network(), {6, 5, 1}, {.metadata = {{"classes", "cat\ndog"}}});
  const Fields model(file);
  CHECK(model.integer(1) == 7);                   // IR version
  CHECK(Fields(model.text(8)).integer(2) == 13);  // opset
  const Fields property(model.text(14));
  CHECK(property.text(1) == "classes");
  CHECK(property.text(2) == "cat\ndog");

  const Fields graph = graph_of(file);
  CHECK(operations(graph) == Names{"Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"});
  CHECK(Fields(graph.text(11)).text(1) == "images");
  CHECK(Fields(graph.text(12)).text(1) == "logits");
  CHECK(Fields(graph.all(1).back()).text(2) == "logits");
  const Fields shape(Fields(Fields(Fields(graph.text(11)).text(2)).text(1)).text(2));
  const Names extents = shape.all(1);
  REQUIRE(extents.size() == 4);
  CHECK(Fields(extents[0]).text(2) == "N");
  CHECK(Fields(extents[1]).integer(1) == 1);
  CHECK(Fields(extents[2]).integer(1) == 6);
  CHECK(Fields(extents[3]).integer(1) == 5);
}

TEST_CASE("a batch norm is folded into its convolution, or kept", "[onnx]") {
  const auto net = network();
  std::map<std::string, std::vector<double>> values;
  const auto note = [&](const std::string& path, const auto& variable) {
    values[path] = {variable.value().begin(), variable.value().end()};
  };
  nn::for_each_parameter(net, note);
  nn::for_each_state(net, note);
  const auto folded = constants(graph_of(io::encode_onnx(net, {6, 5, 1})));
  CHECK(folded.size() == 4);
  for (std::size_t c = 0; c < 4; ++c) {
    const auto of = [&](const char* path) { return values.at(path)[c]; };
    const double scale =
        of("1.weight") / std::sqrt(of("1.running_var") + nn::BatchNormOptions{}.epsilon);
    CHECK(folded.at("v1:bias")[c] ==
          Approx(of("1.bias") + scale * (of("0.bias") - of("1.running_mean"))).epsilon(1e-5));
    for (std::size_t tap = 0; tap < 9; ++tap) {
      CHECK(folded.at("v1:weight")[c * 9 + tap] ==
            Approx(values.at("0.weight")[tap * 4 + c] * scale).epsilon(1e-5));
    }
  }
  const auto kept = graph_of(io::encode_onnx(net, {6, 5, 1}, {.fold_batch_norm = false}));
  CHECK(operations(kept)[1] == "BatchNormalization");
  const auto numbers = constants(kept);
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(static_cast<double>(numbers.at("1.running_var")[c]) == values.at("1.running_var")[c]);
    CHECK(static_cast<double>(numbers.at("0.bias")[c]) == values.at("0.bias")[c]);
  }
}

TEST_CASE("a network out of a table can be exported", "[onnx]") {
  const auto net = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  const Fields graph = graph_of(io::encode_onnx(net, {28, 28, 1}));
  const Names names = operations(graph);
  for (const char* kind : {"Conv", "Sigmoid", "Mul", "Add", "Unsqueeze", "Gemm"}) {
    CAPTURE(kind);
    CHECK(std::find(names.begin(), names.end(), kind) != names.end());
  }
  CHECK(std::find(names.begin(), names.end(), "BatchNormalization") == names.end());
}

namespace {

struct Unknown {
  int describe(nn::Graph& graph, int input) const {
    return graph.add({"my_layer", graph.shape(input)}, {input});
  }
  void visit(nn::Visitor<float>&) {}
  using value_type = float;
};

}  // namespace

TEST_CASE("a layer that ONNX knows nothing of is named, and no file is written", "[onnx]") {
  const TemporaryFolder folder;
  try {
    io::export_onnx(folder / "model.onnx", Unknown{}, {4, 4, 1});
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK(std::string(error.what()).find("my_layer") != std::string::npos);
  }
  CHECK_FALSE(file_exists(folder / "model.onnx"));
  CHECK_THROWS_AS(io::encode_onnx(network(), {28, 28}), Error);
  CHECK_THROWS_AS(io::encode_onnx(network(), {4, 4, 1}, {.input = "x", .output = "x"}), Error);
  for (const char* taken : {"v1", "v3", "v1:weight", "v1:bias"}) {
    CAPTURE(taken);
    CHECK_THROWS_AS(io::encode_onnx(network(), {4, 4, 1}, {.input = taken}), Error);
  }
  CHECK_THROWS_AS(io::encode_onnx(network(), {4, 4, 1}, {.output = "v3"}), Error);
  CHECK_THROWS_AS(io::encode_onnx(network(), {4, 4, 1}, {.metadata = {{"name", "\xff"}}}), Error);
}

TEST_CASE("no weights are taken for those of another layer", "[onnx]") {
  Pair pair{.second_name = "v1"};
  nn::initialize(pair, 1);
  const auto all = constants(graph_of(io::encode_onnx(pair, {3, 3, 2})));
  CHECK(all.size() == 4);
  CHECK(all.at("v1.weight")[0] == pair.second.weight.value()[0]);
  pair.second_name = "first.conv";
  CHECK_THROWS_WITH(io::encode_onnx(pair, {3, 3, 2}), Catch::Contains("first.conv.weight"));
}

TEST_CASE("numbers that no float can hold are not exported", "[onnx]") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), 1e300}) {
    nn::Sequential<double> net(nn::Flatten<double>{}, nn::Linear<double>(3, 2));
    nn::initialize(net, 1);
    CHECK_NOTHROW(io::encode_onnx(net, {1, 1, 3}));
    nn::for_each_parameter(net, [&](const std::string&, auto& p) { p.edit()[0] = bad; });
    CHECK_THROWS_WITH(io::encode_onnx(net, {1, 1, 3}), Catch::Contains("not finite"));
  }
}

TEST_CASE("a model that does nothing in inference has a result", "[onnx]") {
  const Fields graph = graph_of(io::encode_onnx(nn::Dropout<float>(0.1), {2, 2, 3}));
  REQUIRE(operations(graph) == Names{"Identity"});
  const Fields node(graph.text(1));
  CHECK(node.text(1) == "images");
  CHECK(node.text(2) == "logits");
}

}  // namespace effv2::onnx_test
