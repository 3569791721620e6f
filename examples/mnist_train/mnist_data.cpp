#include "mnist_data.hpp"

#include <cstdlib>
#include <effv2/data/gzip.hpp>
#include <effv2/data/mnist.hpp>
#include <filesystem>
#include <string>
#include <tuple>

namespace {

MnistData load(const std::string& directory, const std::string& origin) {
  using effv2::data::Split;
  return {effv2::data::load_mnist(directory, Split::train, effv2::data::open_gzip),
          effv2::data::load_mnist(directory, Split::test, effv2::data::open_gzip), origin};
}

}  // namespace

MnistData load_mnist_data(const std::string& directory) {
  if (!directory.empty()) return load(directory, directory);
  if (const char* variable = std::getenv("EFFV2_MNIST_DIR"); variable != nullptr && *variable) {
    return load(variable, std::string(variable) + " ($EFFV2_MNIST_DIR)");
  }
  const std::string source = EFFV2_SOURCE_DIR;
  for (const std::string& place : {std::string("data/mnist"), source + "/data/mnist"}) {
    if (std::filesystem::is_directory(place)) return load(place, place);
  }
  return load(source + "/examples/data/mnist-sample",
              "the embedded sample (scripts/download-mnist data/mnist fetches the whole)");
}

void hold_out(MnistData& data, std::int64_t images) {
  const double fraction = static_cast<double>(images) / static_cast<double>(data.training.size());
  std::tie(data.training, data.test) = data.training.stratified_split(fraction);
  data.origin += ", " + std::to_string(data.test.size()) + " of the training images held out";
}
