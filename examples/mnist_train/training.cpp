#include "training.hpp"

#include <cstdio>
#include <effv2/effv2.hpp>
#include <string>

using namespace effv2;

namespace {

kernels::ActivationKind activation_kind(const std::string& name) {
  using enum kernels::ActivationKind;
  return name == "relu" ? relu : name == "hard_swish" ? hard_swish : silu;
}

train::FitOptions fit_options(const Options& o) {
  using train::OptimizerKind;
  train::FitOptions fit;
  fit.epochs = o.epochs, fit.steps = o.steps, fit.batch_size = o.batch;
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
  fit.threads = o.threads, fit.seed = o.seed;
  return fit;
}

void introduce(const Options& o, const MnistData& data, const models::EfficientNet<float>& model) {
  const data::Dataset& set = data.training;
  const nn::Summary summary = nn::summary(model, {1, set.height(), set.width(), set.channels()});
  std::printf("effv2 %s, %s, %d threads\n", EFFV2_VERSION_STRING, EFFV2_ISA_NAME,
              clamp_threads(o.threads));
#ifndef NDEBUG
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

train::FitResult run_training(const Options& o, const MnistData& data,
                              const train::Callbacks& callbacks) {
  models::EfficientNetOptions network{.in_channels = data.training.channels(),
                                      .classes = data.training.classes,
                                      .head = o.head,
                                      .stem_stride = o.stem_stride,
                                      .dropout = o.dropout,
                                      .classifier_scale = o.classifier_scale,
                                      .drop_path = o.drop_path};
  network.defaults.branch_gamma = o.branch_gamma;
  network.defaults.activation = activation_kind(o.activation);
  auto model = models::efficientnet<float>(o.model, network, o.seed);
  train::Trainer trainer(model, data.training, data.test, fit_options(o));
  if (!o.quiet) introduce(o, data, model);
  return trainer.run(callbacks);
}
