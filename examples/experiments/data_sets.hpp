// The two sets of pictures that every experiment is run on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment.hpp"

namespace experiments {

/// Where they are; empty: look for them.
struct Places {
  std::string mnist, fashion;
};

/// MNIST from the place, from $EFFV2_MNIST_DIR, from data/mnist or the sample of 10,000; then
/// Fashion-MNIST from the place, from $EFFV2_FASHION_DIR, from data/fashion-mnist or where Debian's
/// package has it, if it is anywhere. Of each the first `images` pictures to learn from (0: all)
/// and the first `tests` to be tested with. Throws effv2::Error.
std::vector<DataSet> load_data_sets(const Places& places, std::int64_t images, std::int64_t tests);

}  // namespace experiments
