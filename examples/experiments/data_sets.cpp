#include "data_sets.hpp"

#include <effv2/data/gzip.hpp>
#include <effv2/data/mnist.hpp>

#include "../mnist_data.hpp"

namespace experiments {

namespace {

DataSet load(const std::string& name, decltype(effv2::data::load_mnist) load_split,
             const std::string& directory, double mean, double deviation, std::int64_t images,
             std::int64_t tests) {
  using effv2::data::Split;
  DataSet set{name,
              directory,
              load_split(directory, Split::train, effv2::data::open_gzip),
              load_split(directory, Split::test, effv2::data::open_gzip),
              mean,
              deviation};
  if (images > 0) set.training = set.training.take(images);
  if (tests > 0) set.test = set.test.take(tests);
  return set;
}

}  // namespace

std::vector<DataSet> load_data_sets(const Places& places, std::int64_t images, std::int64_t tests) {
  const std::string mnist = find_mnist(places.mnist).directory;
  const std::string fashion =
      find_data(places.fashion, "EFFV2_FASHION_DIR",
                {"data/fashion-mnist", EFFV2_SOURCE_DIR "/data/fashion-mnist",
                 "/usr/share/datasets/fashion-mnist"})
          .directory;
  std::vector<DataSet> sets;
  sets.push_back(load("MNIST", effv2::data::load_mnist, mnist, 0.1307, 0.3081, images, tests));
  if (!fashion.empty()) {
    sets.push_back(load("Fashion-MNIST", effv2::data::load_fashion_mnist, fashion, 0.2860, 0.3530,
                        images, tests));
  }
  return sets;
}

}  // namespace experiments
