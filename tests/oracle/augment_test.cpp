// RandAugment's operations on pixel values, compared with PIL's.
#include <cmath>
#include <effv2/data/rand_augment.hpp>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "dump.hpp"

namespace effv2::augment_test {

using namespace effv2::data;

TEST_CASE("operations on pixel values do what PIL's do", "[oracle][rand_augment]") {
  const testing::Dump dump = testing::read_dump("augment.safetensors");
  std::size_t compared = 0;
  for (const auto& [key, expected] : dump) {
    const std::size_t dot = key.find('.'), m = key.rfind(".m");
    if (dot == std::string::npos) continue;
    const Tensor<double>& source = dump.at(key.substr(0, dot));
    const std::string name = key.substr(dot + 1, m - dot - 1);
    Tensor<std::uint8_t> image(source.shape());
    for (std::int64_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(source[i]);
    std::size_t which = 0;
    while (operations.at(which).name != name) ++which;
    std::vector<std::uint8_t> copy;
    apply_operation(static_cast<Operation>(which),
                    {.magnitude = static_cast<double>(std::stoi(key.substr(m + 2)))}, image, 1.0,
                    {}, 0, copy);
    // PIL rounds in between where it blends, and cuts off where it stretches.
    const bool is_exact = name == "equalize" || name == "invert" || name == "posterize" ||
                          name.starts_with("solarize");
    INFO(key);
    for (std::int64_t i = 0; i < image.size(); ++i) {
      REQUIRE(std::abs(static_cast<double>(image[i]) - expected[i]) <= (is_exact ? 0.0 : 2.0));
    }
    ++compared;
  }
  CHECK(compared == 61);
}

}  // namespace effv2::augment_test
