// Finds and reads the digits, or Fashion-MNIST's clothes, whose files look the same.
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
#include <vector>

struct MnistData {
  effv2::data::Dataset training, test;
  std::string directory;
  std::string origin;  // for the user: where they came from
};

struct DataPlace {
  std::string directory, origin;
};

/// `directory`; if it is empty, what the environment's variable says, or the first of the folders
/// that exists. Empty if none does.
inline DataPlace find_data(const std::string& directory, const std::string& variable,
                           const std::vector<std::string>& folders) {
  if (!directory.empty()) return {directory, directory};
  if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value) {
    return {value, std::string(value) + " ($" + variable + ")"};
  }
  for (const std::string& folder : folders) {
    if (std::filesystem::is_directory(folder)) return {folder, folder};
  }
  return {};
}

/// `directory`; if it is empty, $EFFV2_MNIST_DIR, data/mnist, or the sample of 10,000 that comes
/// with the library, in that order.
inline DataPlace find_mnist(const std::string& directory) {
  const std::string source = EFFV2_SOURCE_DIR;
  DataPlace place = find_data(directory, "EFFV2_MNIST_DIR", {"data/mnist", source + "/data/mnist"});
  if (!place.directory.empty()) return place;
  return {source + "/examples/data/mnist-sample",
          "the embedded sample (scripts/download-mnist data/mnist fetches the whole)"};
}

/// The last part of a folder's path, however it is written.
inline std::string name_of_folder(const std::string& directory) {
  const std::filesystem::path path = std::filesystem::absolute(directory) / "";
  return path.parent_path().filename().string();
}

/// From where find_mnist says. The classes are clothes where the folder's name has "fashion" in it.
/// Throws effv2::Error.
inline MnistData load_mnist_data(const std::string& directory) {
  using effv2::data::Split;
  DataPlace place = find_mnist(directory);
  const bool is_fashion = name_of_folder(place.directory).find("fashion") != std::string::npos;
  const auto load = [&](Split split) {
    return is_fashion
               ? effv2::data::load_fashion_mnist(place.directory, split, effv2::data::open_gzip)
               : effv2::data::load_mnist(place.directory, split, effv2::data::open_gzip);
  };
  return {load(Split::train), load(Split::test), place.directory, std::move(place.origin)};
}

/// Puts `images` of the training images, of every class its share, in the place of the test images:
/// for choices that must not see those. The same images for every run.
inline void hold_out(MnistData& data, std::int64_t images) {
  EFFV2_CHECK(images < data.training.size() && images >= data.training.classes,
              effv2::ErrorCode::invalid_argument, images, " images to hold out of ",
              data.training.size(), " of ", data.training.classes, " classes");
  const double fraction = static_cast<double>(images) / static_cast<double>(data.training.size());
  std::tie(data.training, data.test) = data.training.stratified_split(fraction);
  data.origin += ", " + std::to_string(data.test.size()) + " of the training images held out";
}
