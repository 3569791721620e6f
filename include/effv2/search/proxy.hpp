// What a search finds out about a candidate: a short training on small pictures.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../data/dataset.hpp"
#include "../models/block_spec.hpp"
#include "../models/efficientnet.hpp"
#include "../nn/graph.hpp"
#include "../train/fit_options.hpp"
#include "../train/trainer.hpp"
#include "reward.hpp"
#include "step_time.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// Pictures to train proxies with, and others to compare them by.
struct ProxyData {
  data::Dataset training, validation;
};

/// Both out of a training set, of every class as large a part as it has there; no picture is in
/// both. So a search sees nothing of the test set. Counts are rounded class by class; `images` may
/// be more than what is left by the validation.
inline ProxyData proxy_data(const data::Dataset& set, std::int64_t images, std::int64_t validation,
                            std::uint64_t seed) {
  EFFV2_CHECK(images > 0 && validation > 0 && validation < set.size(), ErrorCode::invalid_argument,
              "[proxy] expected some images to train and to validate with, the latter fewer than ",
              set.size(), ", got ", images, " and ", validation);
  const auto part = [](std::int64_t count, const data::Dataset& of) {
    return static_cast<double>(count) / static_cast<double>(of.size());
  };
  auto [rest, held_out] = set.stratified_split(part(validation, set), seed);
  return {rest.stratified_sample(std::min(1.0, part(images, rest)), seed), std::move(held_out)};
}

struct ProxyOptions {
  models::EfficientNetOptions network = {};
  train::FitOptions fit = {};  // a small picture, few steps; the same seed for every candidate
  StepTimingOptions timing = {};
};

/// Evaluates tables. Every candidate starts from the same seed and meets the same batches, which
/// leaves less to chance in a comparison of two. The accuracy is the same in every run, for any
/// number of threads; the step time, measured beside the reference's, is not.
template <class T>
class Proxy {
 public:
  using Model = models::EfficientNet<T>;

  /// The data must outlive it.
  EFFV2_SETUP Proxy(const ProxyData& data, const models::ModelSpec& reference,
                    const ProxyOptions& options)
      : data_(data),
        reference_(reference),
        options_(checked(options)),
        clock_(reference, options_.network, data.training, options_.fit) {}
  Proxy(const ProxyData&&, const models::ModelSpec&, const ProxyOptions&) = delete;

  /// Trains a network of the table for a short while, evaluates it, and measures its step time. A
  /// step that is not finite is skipped, and so is an evaluation: a candidate that cannot be
  /// trained scores badly, and the search goes on. Nothing if `stop`, asked after every step, has
  /// said so.
  EFFV2_SETUP std::optional<Measurement> operator()(const models::ModelSpec& spec,
                                                    const std::function<bool()>& stop = {}) {
    Model model = models::efficientnet<T>(spec, options_.network, options_.fit.seed);
    train::Callbacks callbacks;
    callbacks.on_step = [&stop](const train::StepReport&) { return !(stop && stop()); };
    Measurement measurement = sizes(model);
    try {
      const train::FitResult result =
          train::fit(model, data_.training, data_.validation, options_.fit, callbacks);
      if (result.stopped) return {};
      measurement.accuracy = result.evaluation.accuracy();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::non_finite) throw;
      measurement.accuracy = 0.0;  // its answers are no numbers, and none of them is right
    }
    measurement.seed = options_.fit.seed;
    StepClock<T> clock(spec, options_.network, data_.training, options_.fit);
    measurement.step_time = relative_step_time(clock, clock_, options_.timing);
    return measurement;
  }

  /// Parameters and multiply-adds of a table, and nothing else.
  Measurement sizes(const models::ModelSpec& spec) const {
    return sizes(Model(spec, options_.network));
  }

  /// That of the pictures that it trains on.
  PictureSize image_size() const {
    return options_.fit.data.image_size.value_or(data_.training.picture_size());
  }

  /// What an evaluation depends on, a line each: training, data, the reference network and the
  /// options that all networks share.
  EFFV2_SETUP std::string configuration() const {
    Model model = models::efficientnet<T>(reference_, options_.network, options_.fit.seed);
    return train::Trainer<Model>(model, data_.training, data_.validation, options_.fit)
        .configuration();
  }

 private:
  static ProxyOptions checked(ProxyOptions options) {
    options.fit.evaluate_each_epoch = options.fit.patience > 0;  // else at the end is enough
    options.fit.on_non_finite = train::NonFinite::skip;
    options.timing.validate();  // not after the first candidate's training
    return options;
  }

  Measurement sizes(const Model& model) const {
    const data::Dataset& set = data_.training;
    const auto [height, width] = image_size();
    const nn::Summary summary = nn::summary(model, {1, height, width, set.channels()});
    Measurement measurement;
    measurement.parameters = summary.parameters, measurement.multiply_adds = summary.multiply_adds;
    return measurement;
  }

  const ProxyData& data_;
  models::ModelSpec reference_;
  ProxyOptions options_;
  StepClock<T> clock_;
};

}  // namespace effv2::inline EFFV2_ISA::search
