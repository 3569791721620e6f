#include "training.hpp"

#include <algorithm>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <memory>
#include <string>
#include <utility>

using namespace effv2;

namespace {

kernels::ActivationKind activation_kind(const std::string& name) {
  using enum kernels::ActivationKind;
  return name == "relu" ? relu : name == "hard_swish" ? hard_swish : silu;
}

// Six passes over MNIST are enough; a small set needs more of them to see as many images.
std::int64_t default_epochs(const Options& o, std::int64_t images) {
  const std::int64_t batches = std::max<std::int64_t>(1, images / o.batch);
  return std::max<std::int64_t>(6, (1000 + batches - 1) / batches);
}

train::FitOptions fit_options(const Options& o, std::int64_t images) {
  using train::OptimizerKind;
  train::FitOptions fit;
  fit.epochs = o.epochs > 0 ? o.epochs : default_epochs(o, images), fit.steps = o.steps,
  fit.batch_size = o.batch;
  fit.optimizer = o.optimizer == "sgd"       ? OptimizerKind::sgd
                  : o.optimizer == "rmsprop" ? OptimizerKind::rmsprop
                                             : OptimizerKind::adamw;
  fit.schedule = o.schedule == "constant"      ? optim::ScheduleKind::constant
                 : o.schedule == "exponential" ? optim::ScheduleKind::exponential
                                               : optim::ScheduleKind::cosine;
  fit.learning_rate = o.learning_rate, fit.warmup_epochs = o.warmup_epochs;
  fit.weight_decay = o.weight_decay, fit.clip_norm = o.clip_norm;
  fit.label_smoothing = o.label_smoothing, fit.ema_decay = o.ema;
  if (o.augment != "none") fit.data.augmentation.shift = 2.0;
  if (o.augment == "affine") {
    fit.data.augmentation.rotate = 10.0;
    fit.data.augmentation.scale = 0.1;
  }
  fit.threads = static_cast<int>(o.threads), fit.seed = static_cast<std::uint64_t>(o.seed);
  return fit;
}

void introduce(const Options& o, const MnistData& data, const models::EfficientNet<float>& model) {
  const data::Dataset& set = data.training;
  const nn::Summary summary = nn::summary(model, {1, set.height(), set.width(), set.channels()});
  std::printf("effv2 %s, %s, %d threads\n", EFFV2_VERSION_STRING, EFFV2_ISA_NAME,
              clamp_threads(static_cast<int>(o.threads)));
#ifndef __OPTIMIZE__
  std::printf("warning: this build is not optimised; expect it to be many times slower\n");
#endif
  std::printf("model %s: %lld parameters, %.1f M multiply-adds per image, recipe %s\n",
              o.model.c_str(), static_cast<long long>(summary.parameters),
              static_cast<double>(summary.multiply_adds) * 1e-6, o.recipe.c_str());
  std::printf("data: %lld training and %lld test images from %s\n",
              static_cast<long long>(set.size()), static_cast<long long>(data.test.size()),
              data.origin.c_str());
  std::fflush(stdout);
}

}  // namespace

Training prepare_training(const Options& o, const MnistData& data) {
  models::EfficientNetOptions network{.in_channels = data.training.channels(),
                                      .classes = data.training.classes,
                                      .head = o.head,
                                      .stem_stride = o.stem_stride,
                                      .dropout = o.dropout,
                                      .classifier_scale = o.classifier_scale,
                                      .drop_path = o.drop_path};
  network.defaults.activation = activation_kind(o.activation);
  network.defaults.branch_gamma = o.branch_gamma;

  struct Run {
    models::EfficientNet<float> model;
    train::Trainer<models::EfficientNet<float>> trainer;
    Run(models::EfficientNet<float> net, const MnistData& d, const train::FitOptions& fit)
        : model(std::move(net)), trainer(model, d.training, d.test, fit) {}
  };
  const train::FitOptions fit = fit_options(o, data.training.size());
  auto run = std::make_shared<Run>(
      models::efficientnet<float>(o.model, network, static_cast<std::uint64_t>(o.seed)), data, fit);
  if (!o.quiet) introduce(o, data, run->model);
  const io::ModelCard card{.class_names = data.test.class_names,
                           .image_size = data.test.height(),
                           .mean = fit.data.mean,
                           .deviation = fit.data.deviation};
  return [run, card, out = o.out](const train::Callbacks& callbacks) {
    train::FitResult result = run->trainer.run(callbacks);
    if (!out.empty()) io::save_model(out + "/model.safetensors", run->model, card);
    return result;
  };
}
