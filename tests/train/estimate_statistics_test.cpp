#include <algorithm>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/train/estimate_statistics.hpp>

#include "../catch.hpp"
#include "../support/quarters.hpp"

using namespace effv2;
using testing::quarters;

TEST_CASE("estimated statistics are means over batches, whatever was before",
          "[estimate_statistics]") {
  const data::Dataset set = quarters(50, 600);
  data::LoaderOptions loading;
  loading.batch_size = 10;
  const data::Loader<float> loader(set, loading);
  nn::Context<float> context(1);
  for (const std::int64_t batches : {1, 3, 5, 9}) {
    double expected = 0.0;
    const std::int64_t taken = std::min<std::int64_t>(batches, 5);
    for (std::int64_t i = 0; i < taken; ++i) {
      const data::Batch<float> batch = loader.batch(0, i);
      double sum = 0.0;
      for (const float pixel : batch.images) sum += static_cast<double>(pixel);
      expected += sum / static_cast<double>(taken * batch.images.size());
    }
    nn::BatchNorm<float> layer({.channels = 1});
    layer.running_mean.edit().fill(1000.0F);
    nn::BatchNorm<float>::Saved saved;
    context.statistics_momentum = 0.25;
    train::estimate_statistics(layer, saved, set, loading, batches, context);
    CHECK(layer.running_mean.value()[0] == Approx(expected).margin(1e-4));
    CHECK(context.statistics_momentum == 0.25);
  }
}
