#include <algorithm>
#include <cmath>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/estimate_statistics.hpp>
#include <limits>

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
    // It may have been no number at all.
    layer.running_mean.edit().fill(batches == 3 ? std::nanf("") : 1000.0F);
    layer.running_var.edit().fill(std::nanf(""));
    nn::BatchNorm<float>::Saved saved;
    context.statistics_momentum = 0.25;
    train::estimate_statistics(layer, saved, set, loading, batches, context);
    CHECK(layer.running_mean.value()[0] == Approx(expected).margin(1e-4));
    CHECK(std::isfinite(layer.running_var.value()[0]));
    CHECK(context.statistics_momentum == 0.25);
  }
}

TEST_CASE("there are no statistics without a batch", "[estimate_statistics]") {
  const data::Dataset set = quarters(50, 600);
  nn::BatchNorm<float> layer({.channels = 1});
  nn::BatchNorm<float>::Saved saved;
  nn::Context<float> context(1);
  CHECK_THROWS_AS(train::estimate_statistics(layer, saved, set, {}, 0, context), Error);
  CHECK_THROWS_AS(train::estimate_statistics(layer, saved, set,
                                             {.batch_size = 51, .drop_last = true}, 1, context),
                  Error);
}

TEST_CASE("there are no statistics of what is not finite", "[estimate_statistics]") {
  const data::Dataset set = quarters(50, 600);
  nn::Sequential<float> net(nn::Conv2d<float>({.out_channels = 2}),
                            nn::BatchNorm<float>({.channels = 2}));
  nn::initialize(net, 1);
  net[0].as<nn::Conv2d<float>>()->weight.edit().fill(std::numeric_limits<float>::infinity());
  nn::Sequential<float>::Saved saved;
  nn::Context<float> context(1);
  CHECK_THROWS_AS(train::estimate_statistics(net, saved, set, {}, 2, context), Error);
}

TEST_CASE("the pictures that statistics were of are no data of the next step",
          "[estimate_statistics]") {
  const data::Dataset set = quarters(50, 600);
  struct Watching {
    using value_type = float;
    struct Saved {};
    const float* pictures = nullptr;
    Tensor<float> forward(const Tensor<float>& x, Saved&, nn::Context<float>& context) {
      pictures = x.data();
      CHECK_FALSE(context.is_data(x));
      return context.tensor(x.shape());
    }
  } model;
  Watching::Saved saved;
  nn::Context<float> context(1);
  train::estimate_statistics(model, saved, set, {}, 1, context);
  CHECK(model.pictures != nullptr);
}
