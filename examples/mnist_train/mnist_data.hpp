// Finds and reads the digits.
#pragma once

#include <effv2/data/dataset.hpp>
#include <string>

struct MnistData {
  effv2::data::Dataset training, test;
  std::string origin;  // for the user: where they came from
};

/// From `directory`; if it is empty, from $EFFV2_MNIST_DIR, from data/mnist, or the sample of
/// 10,000 that comes with the library, in that order. Throws effv2::Error.
MnistData load_mnist_data(const std::string& directory);

/// Puts `images` of the training images, of every class its share, in the place of the test images:
/// for choices that must not see those. The same images for every run.
void hold_out(MnistData& data, std::int64_t images);
