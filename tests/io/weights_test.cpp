#include <effv2/io/weights.hpp>
#include <effv2/models/efficientnet.hpp>
#include <limits>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/small_network.hpp"

namespace effv2::weights_test {

using namespace effv2::io;

namespace {

models::EfficientNet<float> network(std::uint64_t seed, std::int64_t classes = 10) {
  return models::efficientnet<float>("tiny", {.in_channels = 1, .classes = classes}, seed);
}

template <class Model>
SafetensorsFile file_of(const Model& model, Naming naming) {
  SafetensorsWriter writer;
  add_weights(writer, model, naming);
  const std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource source(bytes, "weights");
  return SafetensorsFile::read(source);
}

// All parameters and statistics, one after the other.
std::vector<float> values_of(const models::EfficientNet<float>& model) {
  std::vector<float> values;
  const auto add = [&](const std::string&, const auto& variable) {
    values.insert(values.end(), variable.value().begin(), variable.value().end());
  };
  nn::for_each_parameter(model, add);
  nn::for_each_state(model, add);
  return values;
}

}  // namespace

TEST_CASE("weights come back bit for bit under every naming", "[weights]") {
  const auto model = network(1);
  for (const Naming naming : {Naming::effv2, Naming::torchvision, Naming::timm}) {
    CAPTURE(name_of(naming));
    const SafetensorsFile file = file_of(model, naming);
    auto other = network(2);
    CHECK(values_of(other) != values_of(model));
    CHECK(load_weights(other, file, {.naming = naming}).fits());
    CHECK(values_of(other) == values_of(model));
  }
}

TEST_CASE("PyTorch's names come with PyTorch's counters and shapes", "[weights]") {
  const SafetensorsFile file = file_of(network(1), Naming::torchvision);
  CHECK(file.get<std::int64_t>("features.0.1.num_batches_tracked").shape() == Shape{});
  CHECK(file.get<float>("features.0.0.weight").shape() == Shape{16, 1, 3, 3});
  CHECK(file.get<float>("classifier.1.weight").shape() == Shape{10, 256});
}

TEST_CASE("any model has weights under its own names", "[weights]") {
  auto net = testing::small_network(), other = testing::small_network();
  nn::initialize(other, 77);
  CHECK(load_weights(other, file_of(net, Naming::effv2)).fits());
  nn::Context<float> context(1);
  const Tensor<float> x = Tensor<float>::filled({2, 5, 5, 1}, 0.5F);
  CHECK(testing::largest_difference(net.infer(x, context), other.infer(x, context)) == 0.0);
}

TEST_CASE("all differences in one error, and nothing loaded; or what fits", "[weights]") {
  const SafetensorsFile file = file_of(network(1, 7), Naming::torchvision);
  auto model = network(2);
  const std::vector<float> before = values_of(model);
  try {
    load_weights(model, file, {.naming = Naming::torchvision});
    FAIL("seven classes went into ten");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::shape_mismatch);
    const std::string text = error.what();
    CHECK(text.find("classifier.1.weight: expected (10, 256), the file has (7, 256)") !=
          std::string::npos);
    CHECK(text.find("classifier.1.bias") != std::string::npos);
  }
  CHECK(values_of(model) == before);
  const LoadReport report =
      load_weights(model, file, {.naming = Naming::torchvision, .strict = false});
  CHECK(report.misshapen.size() == 2);
  CHECK(report.missing.empty());
  CHECK(values_of(model) != before);
  CHECK(model.classifier.weight.value().shape() == Shape{256, 10});

  // Names of another kind: nothing is where it should be, and nobody may take that for loaded.
  const std::vector<float> loaded = values_of(model);
  CHECK_THROWS_WITH(load_weights(model, file, {.naming = Naming::timm, .strict = false}),
                    Catch::Contains("another naming"));
  CHECK(values_of(model) == loaded);
  CHECK_THROWS_WITH(load_weights(model, file, {.naming = Naming::effv2}),
                    Catch::Contains("another naming than effv2"));
  CHECK(values_of(model) == loaded);
}

TEST_CASE("a file that says its naming need not be told it", "[weights]") {
  const auto model = network(1);
  for (const Naming naming : {Naming::effv2, Naming::torchvision, Naming::timm}) {
    CAPTURE(name_of(naming));
    SafetensorsWriter writer;
    add_weights(writer, model, naming);
    writer.metadata = {{"effv2.naming", std::string(name_of(naming))}};
    const std::vector<std::uint8_t> bytes = writer.encode();
    MemorySource source(bytes, "weights");
    auto other = network(2);
    CHECK(load_weights(other, SafetensorsFile::read(source)).fits());
    CHECK(values_of(other) == values_of(model));
  }
}

TEST_CASE("names may have a prefix in a file, and others beside them", "[weights]") {
  const auto model = network(1);
  SafetensorsWriter plain, writer;
  add_weights(plain, model, Naming::torchvision);
  const std::vector<std::uint8_t> plain_bytes = plain.encode();
  MemorySource plain_source(plain_bytes, "weights");
  const SafetensorsFile names = SafetensorsFile::read(plain_source);
  for (const auto& [name, entry] : names.entries()) {
    if (name.ends_with("num_batches_tracked")) continue;
    writer.add("module." + name, names.get<float>(name));
  }
  writer.add("step", Tensor<float>::filled({1}, 7.0F));
  const std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource source(bytes, "weights");
  const SafetensorsFile file = SafetensorsFile::read(source);
  auto other = network(2);
  CHECK_THROWS_WITH(load_weights(other, file, {.naming = Naming::torchvision}),
                    Catch::Contains("another prefix") && Catch::Contains("more"));
  CHECK(load_weights(other, file, {.naming = Naming::torchvision, .prefix = "module."}).fits());
  CHECK(values_of(other) == values_of(model));
}

TEST_CASE("no other library has names for a network of one's own", "[weights]") {
  const auto net = testing::small_network();
  CHECK_THROWS_AS(file_of(net, Naming::torchvision), Error);
}

TEST_CASE("numbers that are not finite are refused unless asked for", "[weights]") {
  auto model = network(1);
  model.head.bn.bias.edit()[3] = std::numeric_limits<float>::infinity();
  const SafetensorsFile file = file_of(model, Naming::effv2);
  auto other = network(2);
  const std::vector<float> before = values_of(other);
  CHECK_THROWS_AS(load_weights(other, file), Error);
  CHECK(values_of(other) == before);
  CHECK_NOTHROW(load_weights(other, file, {.allow_non_finite = true}));
}

TEST_CASE("a variance below zero is refused", "[weights]") {
  auto model = network(1);
  model.head.bn.running_var.edit()[3] = -1.0F;
  auto other = network(2);
  const std::vector<float> before = values_of(other);
  for (const Naming naming : {Naming::effv2, Naming::torchvision}) {
    CHECK_THROWS_WITH(load_weights(other, file_of(model, naming), {.naming = naming}),
                      Catch::Contains("running_var") && Catch::Contains("a variance below 0"));
  }
  CHECK(values_of(other) == before);
}

TEST_CASE("numbers of another kind are a difference like others", "[weights]") {
  const auto model = network(1);
  SafetensorsWriter writer;
  nn::for_each_variable(model, [&](const std::string& path, const auto& variable) {
    if (path == "head.bn.bias") {
      writer.add(path, Tensor<std::int64_t>(variable.shape()));
    } else {
      writer.add(path, variable.value());
    }
  });
  const std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource source(bytes, "weights");
  const SafetensorsFile file = SafetensorsFile::read(source);
  auto other = network(2);
  CHECK_THROWS_WITH(load_weights(other, file),
                    Catch::Contains("does not fit the model") &&
                        Catch::Contains("head.bn.bias: the file has I64"));
  const LoadReport report = load_weights(other, file, {.strict = false});
  CHECK(report.misshapen.size() == 1);
  CHECK(values_of(other) == values_of(model));  // a bias of 0 is what it would have had
}

}  // namespace effv2::weights_test
