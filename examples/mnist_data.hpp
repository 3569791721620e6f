// Finds and reads the digits.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <effv2/data/dataset.hpp>
#include <effv2/data/gzip.hpp>
#include <effv2/data/mnist.hpp>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>

struct MnistData {
  effv2::data::Dataset training, test;
  std::string directory;
  std::string origin;  // for the user: where they came from
};

struct MnistPlace {
  std::string directory, origin;
};

/// `directory`; if it is empty, $EFFV2_MNIST_DIR, data/mnist, or the sample of 10,000 that comes
/// with the library, in that order.
inline MnistPlace find_mnist(const std::string& directory) {
  if (!directory.empty()) return {directory, directory};
  if (const char* variable = std::getenv("EFFV2_MNIST_DIR"); variable != nullptr && *variable) {
    return {variable, std::string(variable) + " ($EFFV2_MNIST_DIR)"};
  }
  const std::string source = EFFV2_SOURCE_DIR;
  for (const std::string& place : {std::string("data/mnist"), source + "/data/mnist"}) {
    if (std::filesystem::is_directory(place)) return {place, place};
  }
  return {source + "/examples/data/mnist-sample",
          "the embedded sample (scripts/download-mnist data/mnist fetches the whole)"};
}

/// From where find_mnist says. Throws effv2::Error.
inline MnistData load_mnist_data(const std::string& directory) {
  using effv2::data::Split;
  MnistPlace place = find_mnist(directory);
  return {effv2::data::load_mnist(place.directory, Split::train, effv2::data::open_gzip),
          effv2::data::load_mnist(place.directory, Split::test, effv2::data::open_gzip),
          place.directory, std::move(place.origin)};
}

/// Puts `images` of the training images, of every class its share, in the place of the test images:
/// for choices that must not see those. The same images for every run.
inline void hold_out(MnistData& data, std::int64_t images) {
  EFFV2_CHECK(images < data.training.size(), effv2::ErrorCode::invalid_argument, images,
              " images to hold out of ", data.training.size());
  const double fraction = static_cast<double>(images) / static_cast<double>(data.training.size());
  std::tie(data.training, data.test) = data.training.stratified_split(fraction);
  data.origin += ", " + std::to_string(data.test.size()) + " of the training images held out";
}
