#include <algorithm>
#include <cmath>
#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/dropout.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/estimate_statistics.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::estimate_statistics_test {

using testing::quarters;

TEST_CASE("estimated statistics are means over batches, whatever was before",
          "[estimate_statistics]") {
  const data::Dataset set = quarters(50, 600);
  data::LoaderOptions loading;
  loading.batch_size = 10;
  const data::Loader<float> loader(set, loading);
  nn::Context<float> context(1);
  for (const std::int64_t batches : {1, 3, 5, 9}) {
    double expected = 0.0, expected_variance = 0.0;
    const std::int64_t taken = std::min<std::int64_t>(batches, 5);
    for (std::int64_t i = 0; i < taken; ++i) {
      const data::Batch<float> batch = loader.batch(0, i);
      const auto count = static_cast<double>(batch.images.size());
      double sum = 0.0, squares = 0.0;
      for (const float pixel : batch.images) sum += static_cast<double>(pixel);
      for (const float pixel : batch.images) {
        squares += std::pow(static_cast<double>(pixel) - sum / count, 2.0);
      }
      expected += sum / count / static_cast<double>(taken);
      expected_variance += squares / (count - 1.0) / static_cast<double>(taken);
    }
    nn::BatchNorm<float> layer({.channels = 1});
    // It may have been no number at all.
    layer.running_mean.edit().fill(batches == 3 ? std::nanf("") : 1000.0F);
    layer.running_var.edit().fill(std::nanf(""));
    nn::BatchNorm<float>::Saved saved;
    context.statistics_momentum = 0.25;
    train::estimate_statistics(layer, saved, set, loading, batches, context);
    CHECK(layer.running_mean.value()[0] == Approx(expected).margin(1e-4));
    CHECK(layer.running_var.value()[0] == Approx(expected_variance).epsilon(1e-4));
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
    void visit(nn::Visitor<float>&) {}
  } model;
  Watching::Saved saved;
  nn::Context<float> context(1);
  train::estimate_statistics(model, saved, set, {}, 1, context);
  CHECK(model.pictures != nullptr);
}

TEST_CASE("nothing is dropped while statistics are estimated", "[estimate_statistics]") {
  const data::Dataset set = quarters(40, 601);
  const auto statistics = [&](double drop_path, double dropout) {
    auto model = models::efficientnet<float>(
        "tiny", {.in_channels = 1, .classes = 4, .dropout = dropout, .drop_path = drop_path}, 1);
    models::EfficientNet<float>::Saved saved;
    nn::Context<float> context(1);
    train::estimate_statistics(model, saved, set, {.batch_size = 20}, 2, context);
    CHECK(context.drops);
    std::vector<float> all;
    nn::for_each_state(std::as_const(model), [&](const std::string&, const auto& state) {
      all.insert(all.end(), state.value().begin(), state.value().end());
    });
    return all;
  };
  CHECK(statistics(0.5, 0.0) == statistics(0.0, 0.0));

  nn::Sequential<float> net(nn::Dropout<float>(0.5), nn::BatchNorm<float>({.channels = 1}));
  nn::initialize(net, 1);
  nn::Sequential<float>::Saved saved;
  nn::Context<float> context(1);
  train::estimate_statistics(net, saved, set, {.batch_size = 40}, 1, context);
  const data::Loader<float> loader(set, {.batch_size = 40});
  double sum = 0.0;
  const data::Batch<float> batch = loader.batch(0, 0);
  for (const float pixel : batch.images) sum += static_cast<double>(pixel);
  CHECK(net[1].as<nn::BatchNorm<float>>()->running_mean.value()[0] ==
        Approx(sum / static_cast<double>(batch.images.size())).margin(1e-4));
}

TEST_CASE("a batch that is not finite is left out, or leaves everything as it was",
          "[estimate_statistics]") {
  // Makes what is not finite of some batches, behind a batch norm that does not see it.
  struct Failing {
    using value_type = float;
    struct Saved {
      nn::BatchNorm<float>::Saved norm, last;
    };
    nn::BatchNorm<float> norm{{.channels = 1}}, last{{.channels = 1}};
    std::vector<int> failing;
    int batch = 0;
    Tensor<float> forward(const Tensor<float>& x, Saved& saved, nn::Context<float>& context) {
      Tensor<float> y = norm.forward(x, saved.norm, context);
      const bool fails = std::find(failing.begin(), failing.end(), batch++) != failing.end();
      if (fails) y[0] = std::numeric_limits<float>::infinity();
      return last.forward(y, saved.last, context);
    }
    void visit(nn::Visitor<float>& visitor) { visitor("norm", norm), visitor("last", last); }
  };
  const data::Dataset set = quarters(50, 602);
  const data::LoaderOptions loading{.batch_size = 10};
  int errors = 0;
  const auto estimate = [&](std::vector<int> failing, train::NonFinite on_non_finite) {
    Failing model;
    model.failing = std::move(failing);
    nn::initialize(model, 1);
    model.norm.running_mean.edit().fill(7.0F);
    Failing::Saved saved;
    nn::Context<float> context(1);
    try {
      train::estimate_statistics(model, saved, set, loading, 5, context, on_non_finite);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::non_finite);
      ++errors;
    }
    return model.norm.running_mean.value()[0];
  };
  CHECK(estimate({2}, train::NonFinite::stop) == 7.0F);
  CHECK(errors == 1);
  CHECK(estimate({0, 1, 2, 3, 4}, train::NonFinite::skip) == 7.0F);
  CHECK(errors == 2);
  const data::Loader<float> loader(set, loading);
  double expected = 0.0;
  for (const std::int64_t i : {1, 3, 4}) {
    const data::Batch<float> batch = loader.batch(0, i);
    double sum = 0.0;
    for (const float pixel : batch.images) sum += static_cast<double>(pixel);
    expected += sum / static_cast<double>(batch.images.size()) / 3.0;
  }
  CHECK(estimate({0, 2}, train::NonFinite::skip) == Approx(expected).margin(1e-4));
  CHECK(errors == 2);
}

}  // namespace effv2::estimate_statistics_test
