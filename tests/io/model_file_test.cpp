#include <effv2/io/model_file.hpp>
#include <functional>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::model_file_test {

using namespace effv2::io;

namespace {

using Net = models::EfficientNet<float>;

const ModelCard card{{"zero", "one, or more", "two"}, 28, {0.1307, 1.0 / 3.0}, {0.3081, 1e-7}};

// A network whose statistics are not the ones it started with.
Net network(const models::ModelSpec& spec, const models::EfficientNetOptions& options) {
  Net net(spec, options);
  nn::initialize(net, 5);
  testing::Dice dice(610);
  nn::for_each_state(net, [&](const std::string&, auto& state) {
    state.edit() = dice.tensor<float>(state.shape(), 0.5, 1.5);
  });
  return net;
}

SafetensorsFile file_of(const SafetensorsWriter& writer) {
  const std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource source(bytes, "model");
  return SafetensorsFile::read(source);
}

}  // namespace

TEST_CASE("a network comes back from its file alone, with the same answers", "[model_file]") {
  const TemporaryFolder folder;
  models::EfficientNetOptions options{.in_channels = 2, .classes = 3, .head = 40, .stem_stride = 1};
  options.defaults.activation = nn::ActivationKind::hard_swish;
  options.defaults.padding = kernels::Padding::same;
  options.defaults.bn_epsilon = 1e-5, options.defaults.bn_momentum = 0.2;
  options.defaults.branch_gamma = 0.25, options.classifier_scale = 0.5;
  options.dropout = 0.15, options.drop_path = 0.05;
  const Net net = network(models::find_model("tiny"), options);
  testing::Dice dice(611);
  const Tensor<float> x = dice.tensor<float>({2, 17, 15, 2});
  nn::Context<float> context(1);
  const Tensor<float> expected = net.infer(x, context);
  for (const Naming naming : {Naming::effv2, Naming::torchvision, Naming::timm}) {
    save_model(folder / "a.safetensors", net, card, naming);
    const auto loaded = load_model<float>(folder / "a.safetensors");
    CHECK(loaded.card == card);
    CHECK(loaded.model.configuration() == net.configuration());
    CHECK(testing::largest_difference(loaded.model.infer(x, context), expected) == 0.0);
  }
}

TEST_CASE("a class without a name is called by its number", "[model_file]") {
  CHECK(card.class_name(1) == "one, or more");
  CHECK(ModelCard{}.class_name(1) == "1");
  CHECK_THROWS_AS(card.class_name(-1), Error);
}

TEST_CASE("a table of one's own comes back too", "[model_file]") {
  using enum models::BlockKind;
  const models::ModelSpec spec{
      "mine", 8, 24, {{{mbconv, 1, 3, 1, 1, 8, 8}, {fused_mbconv, 2, 3, 2, 2, 8, 12}}}, 2};
  const Net net = network(spec, {.in_channels = 1, .classes = 4});
  const auto loaded = load_model<float>(file_of(encode_model(net)));
  CHECK(nn::parameter_count(loaded.model) == nn::parameter_count(net));
  nn::Context<float> context(1);
  const Tensor<float> x = Tensor<float>::filled({1, 8, 8, 1}, 0.3F);
  CHECK(testing::largest_difference(loaded.model.infer(x, context), net.infer(x, context)) == 0.0);
  CHECK(loaded.card == ModelCard{});
  CHECK(loaded.model.spec.name == "mine");
}

TEST_CASE("a file that says what it is wrongly is refused", "[model_file]") {
  const Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  const auto refused = [&](const std::function<void(Metadata&)>& change,
                           const std::string& reason) {
    SafetensorsWriter writer = encode_model(net, card);
    change(writer.metadata);
    try {
      static_cast<void>(load_model<float>(file_of(writer)));
      FAIL_CHECK("accepted; expected: " << reason);
    } catch (const Error& error) {
      const std::string text = error.what();
      CAPTURE(text, reason);
      CHECK(text.find(reason) != std::string::npos);
      CHECK(error.code() != ErrorCode::invalid_argument);
    }
  };
  refused([](Metadata& m) { m.erase("effv2.table"); }, "effv2.table is missing");
  refused([](Metadata& m) { m["effv2.table"] = ""; }, "has no 1 to 7 rows");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1 3"; }, "a row that is none");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1 3 1 0 8 8"; }, "in 1 ... 64");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1 3 1 99999999999 8 8"; }, "is no number");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 999 3 1 60 16 9999"; }, "more weights");
  // The first 1 x 1 convolution of a block may be its largest, and so may a fused one's second.
  const auto first_is_large = [](Metadata& m) {
    m["effv2.table"] = "mbconv 1 3 1 16 200 1", m["effv2.stem"] = "200";
  };
  refused(first_is_large, "more weights");
  const auto second_is_large = [](Metadata& m) {
    m["effv2.table"] = "fused_mbconv 1 1 1 64 16 65536", m["effv2.head"] = "1";
  };
  refused(second_is_large, "more weights");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1 3 1 1 8 8"; }, "the one before has 16");
  refused([](Metadata& m) { m["effv2.model"] = std::string(48, 'x'); }, "too long");
  refused([](Metadata& m) { m["effv2.classes"] = "3x"; }, "is no number");
  refused([](Metadata& m) { m["effv2.classes"] = "-1"; }, "below 1");
  refused([](Metadata& m) { m["effv2.classes"] = "9"; }, "does not fit the model");
  refused([](Metadata& m) { m["effv2.classes"] = "9000000000000000000"; }, "more weights");
  refused([](Metadata& m) { m["effv2.activation"] = "tanh"; }, "is unknown");
  refused([](Metadata& m) { m["effv2.naming"] = "timm"; }, "another naming");
  refused([](Metadata& m) { m["effv2.mean"] = "0.1 x"; }, "is no number");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1001 3 1 1 8 8"; }, "in 1 ... 1000");
  refused([](Metadata& m) { m["effv2.table"] = "mbconv 1 46 1 1 8 8"; }, "in 1 ... 45");
  refused([](Metadata& m) { m["effv2.class_names"] = "a\nb"; }, "2 class names for 3");
  refused([](Metadata& m) { m["effv2.image_size"] = "-28"; }, "[picture_size]");
  refused([](Metadata& m) { m["effv2.deviation"] = "0 1"; }, "not above 0");
  refused([](Metadata& m) { m["effv2.mean"] = "1 2 3"; }, "for 2 channels");
  refused([](Metadata& m) { m["effv2.dropout"] = "1.5"; }, "effv2");
  refused([](Metadata& m) { m["effv2.stem_stride"] = "0"; }, "effv2");
  refused([](Metadata& m) { m["effv2.stem_stride"] = "9223372036854775807"; }, "at most 45");
  refused([](Metadata& m) { m["effv2.image_size"] = "4097x4096"; }, "at most 16777216");
  CHECK_THROWS_AS(encode_model(net, {.class_names = {"a\nb", "c", "d"}}), Error);
  CHECK_THROWS_AS(encode_model(net, {.class_names = {"a", "b"}}), Error);
  CHECK_THROWS_AS(ModelCard({.class_names = {"caf\xE9", "b", "c"}}).validate(2, 3), Error);
  // An empty name is a name, and pictures need not be square.
  const ModelCard unnamed{.class_names = {"", "b", ""}, .image_size = {64, 96}};
  CHECK(load_model<float>(file_of(encode_model(net, unnamed))).card == unnamed);
}

TEST_CASE("the largest product of a block may be its squeeze", "[model_file]") {
  SafetensorsWriter writer =
      encode_model(network(models::find_model("tiny"), {.in_channels = 1, .classes = 3}));
  writer.metadata["effv2.stem"] = "8192", writer.metadata["effv2.table"] = "mbconv 1 3 1 1 8192 1";
  const Tensor<float> ballast({1 << 20});  // more than the convolutions have
  writer.borrow("ballast", ballast);
  CHECK_THROWS_WITH(load_model<float>(file_of(writer)), Catch::Contains("more weights"));
}

TEST_CASE("a dial of training is no part of a file", "[model_file]") {
  Net net = network(models::find_model("tiny"),
                    {.in_channels = 2, .classes = 3, .dropout = 0.3, .drop_path = 0.1});
  net.set_dropout(0.05);
  const auto loaded = load_model<float>(file_of(encode_model(net, card)));
  CHECK(loaded.model.dropout_rate() == 0.3);
  CHECK(loaded.model.configuration() == net.configuration());
}

TEST_CASE("a network that is not what its table says is not saved", "[model_file]") {
  const auto refuses = [](auto change, const std::string& part) {
    Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
    change(net);
    CHECK_THROWS_WITH(encode_model(net), Catch::Contains(part));
  };
  refuses([](Net& net) { net.classifier = nn::Linear<float>(256, 4); }, "classifier is not");
  refuses([](Net& net) { net.stem.bn.options.epsilon = 0.5; }, "stem");
  refuses([](Net& net) { net.head.bn.options.activation = nn::ActivationKind::relu; }, "head");
  refuses([](Net& net) { net.blocks.add(nn::Flatten<float>{}); }, "");
  Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  net.replace_classifier(4, 1);
  CHECK(load_model<float>(file_of(encode_model(net))).model.options.classes == 4);
}

TEST_CASE("what could not be loaded again is not saved, and the file that was there stays",
          "[model_file]") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  save_model(path, net, card);
  const auto refuses = [&](const ModelCard& bad) {
    CHECK_THROWS_AS(save_model(path, net, bad), Error);
  };
  refuses({.class_names = {"a", "b"}});
  refuses({.class_names = {"a", "b\n", "c"}});
  refuses({.image_size = -1});
  refuses({.mean = {0.1, 0.2, 0.3}, .deviation = {1.0}});
  refuses({.mean = {0.1}, .deviation = {}});
  refuses({.mean = {0.1}, .deviation = {0.0}});
  refuses({.mean = {std::nan("")}, .deviation = {1.0}});
  net.head.bn.running_var.edit()[0] = -1.0F;
  refuses(card);
  net.head.bn.running_var.edit()[0] = 1.0F;
  net.classifier.weight.edit()[0] = std::nanf("");
  refuses(card);
  const Net taken = std::move(net);
  refuses(card);
  CHECK(load_model<float>(path).card == card);
}

TEST_CASE("a checksum, where asked for, is held against the file", "[model_file]") {
  const Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  SafetensorsWriter writer = encode_model(net, card);
  writer.has_checksum = true;
  std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource whole(bytes, "model");
  CHECK_NOTHROW(load_model<float>(SafetensorsFile::read(whole)));
  bytes[bytes.size() - 9] ^= 1;
  MemorySource damaged(bytes, "model");
  CHECK_THROWS_AS(SafetensorsFile::read(damaged), Error);
}

TEST_CASE("a file of a version that did not know an option has its default", "[model_file]") {
  const Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  SafetensorsWriter writer = encode_model(net, card);
  std::erase_if(writer.metadata, [](const auto& entry) {
    return entry.first == "effv2.branch_gamma" || entry.first == "effv2.classifier_scale";
  });
  CHECK(load_model<float>(file_of(writer)).model.configuration() == net.configuration());
}

TEST_CASE("pictures too large for any network are refused", "[model_file]") {
  ModelCard wide = card;
  wide.image_size = {1 << 12, 1 << 12};
  CHECK_NOTHROW(wide.validate(2, 3));
  wide.image_size = {(1 << 12) + 1, 1 << 12};
  CHECK_THROWS_AS(wide.validate(2, 3), Error);
}

TEST_CASE("a network that was moved from says so when it is saved", "[model_file]") {
  Net net = network(models::find_model("tiny"), {.in_channels = 2, .classes = 3});
  const Net taken = std::move(net);
  try {
    encode_model(net);  // NOLINT(bugprone-use-after-move): which is what is tested
    FAIL("saved");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("moved from") != std::string::npos);
  }
}

}  // namespace effv2::model_file_test
