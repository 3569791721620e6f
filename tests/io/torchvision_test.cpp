// That the logits are torchvision's is for interop/check_torchvision.py to see.
#include <effv2/io/torchvision.hpp>

#include "../catch.hpp"

namespace effv2::torchvision_test {

TEST_CASE("networks are built as torchvision builds them", "[torchvision]") {
  CHECK(io::torchvision_options("s").defaults.bn_epsilon == 1e-3);
  CHECK(io::torchvision_options("v1-b0").defaults.bn_epsilon == 1e-5);
  CHECK(io::torchvision_options("v1-b4").defaults.bn_epsilon == 1e-5);
  CHECK(io::torchvision_options("v1-b5").defaults.bn_epsilon == 1e-3);
  CHECK(io::torchvision_card("s").image_size == 384);
  CHECK(io::torchvision_card("v1-b2").image_size == 288);
  CHECK(io::torchvision_card("s").mean == std::vector<double>{0.485, 0.456, 0.406});
  CHECK(io::torchvision_card("l").deviation == std::vector<double>{0.5, 0.5, 0.5});
  CHECK_THROWS_AS(io::torchvision_card("s9"), Error);
}

TEST_CASE("weights under torchvision's names make a network", "[torchvision]") {
  const auto net =
      models::efficientnet<float>("v1-b0", io::torchvision_options("v1-b0"), /*seed=*/3);
  io::SafetensorsWriter writer;
  io::add_weights(writer, net, io::Naming::torchvision);
  const std::vector<std::uint8_t> bytes = writer.encode();
  MemorySource source(bytes, "weights");
  const io::SafetensorsFile file = io::SafetensorsFile::read(source);
  CHECK_FALSE(io::says_what_it_is(file));
  const auto loaded = io::load_torchvision<float>(file, "v1-b0");
  CHECK(loaded.card.image_size == 224);
  CHECK(std::equal(loaded.model.head.conv.weight.value().begin(),
                   loaded.model.head.conv.weight.value().end(),
                   net.head.conv.weight.value().begin()));
  CHECK_THROWS_AS(io::load_torchvision<float>(file, "v1-b1"), Error);
}

}  // namespace effv2::torchvision_test
