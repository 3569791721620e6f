#include "training.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <memory>
#include <optional>
#include <string>

using namespace effv2;

namespace {

// Six passes over MNIST are enough; a small set needs more of them to see as many images.
std::int64_t default_epochs(const Options& o, std::int64_t images) {
  const std::int64_t batches = std::max<std::int64_t>(1, images / o.batch);
  return std::max<std::int64_t>(6, (1000 + batches - 1) / batches);
}

data::Augmentation augmentation(const Options& o) {
  data::Augmentation a;
  a.erase = o.erase;
  if (o.augment == "rand") {
    a.rand_augment = data::RandAugment::for_digits(train::progressive_28.last_magnitude);
  } else if (o.augment != "none") {
    a.shift = 2.0;
  }
  a.mirror = o.augment == "mirror";
  if (o.augment == "affine" || o.augment == "elastic") a.rotate = 10.0, a.scale = 0.1;
  if (o.augment == "elastic") {
    a.shift = 3.0, a.rotate = 15.0, a.shear = 10.0, a.stretch = 0.1, a.elastic = 0.7;
  }
  return a;
}

// What is trained and evaluated at.
PictureSize picture_size(const Options& o, const data::Dataset& set) {
  return PictureSize(o.size).value_or(set.picture_size());
}

train::FitOptions fit_options(const Options& o, const data::Dataset& set) {
  train::FitOptions fit;
  fit.epochs = o.epochs > 0 ? o.epochs : default_epochs(o, set.size()), fit.steps = o.steps,
  fit.batch_size = o.batch;
  fit.optimizer =
      text::kind_named<train::OptimizerKind>(train::optimizer_names, o.optimizer).value();
  fit.schedule = text::kind_named<optim::ScheduleKind>(optim::schedule_names, o.schedule).value();
  fit.learning_rate = o.learning_rate, fit.warmup_epochs = o.warmup_epochs;
  fit.momentum = o.momentum, fit.weight_decay = o.weight_decay, fit.clip_norm = o.clip_norm;
  fit.label_smoothing = o.label_smoothing, fit.ema_decay = o.ema;
  fit.accumulate = o.accumulate, fit.patience = o.patience;
  fit.evaluate_each_epoch = o.evaluate == "epoch", fit.statistics_batches = o.statistics;
  fit.data.image_size = o.size, fit.data.mixup = o.mixup;
  fit.data.augmentation = augmentation(o);
  if (o.stages > 0) {
    const PictureSize last = picture_size(o, set);
    train::ProgressiveRange range = train::progressive_28;
    range.first_size = {std::min(o.first_size, last.height), std::min(o.first_size, last.width)};
    range.last_size = last;
    range.last_mixup = o.mixup, range.first_dropout = o.dropout / 3.0,
    range.last_dropout = o.dropout;
    fit.stages =
        train::progressive_stages(range, static_cast<int>(o.stages), fit.data.augmentation);
  }
  if (o.last_augment != 1.0) {
    fit.stages.assign(4, {.augmentation = fit.data.augmentation, .mixup = o.mixup});
    fit.stages.back().augmentation = fit.data.augmentation.scaled_by(o.last_augment);
  }
  fit.threads = static_cast<int>(o.threads), fit.seed = static_cast<std::uint64_t>(o.seed);
  fit.on_non_finite = o.non_finite == "skip" ? train::NonFinite::skip : train::NonFinite::stop;
  return fit;
}

// "EfficientNetV2-S on mnist-sample"
std::string title(const Options& o, const MnistData& data) {
  const bool is_first_version = o.model.starts_with("v1-");
  std::string name = is_first_version ? o.model.substr(3) : o.model;
  if (name != "tiny" && name != "mini") {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return concat(is_first_version ? "EfficientNet-" : "EfficientNetV2-", name, " on ",
                name_of_folder(data.directory));
}

nn::Summary summary_of(const Options& o, const data::Dataset& set,
                       const models::EfficientNet<float>& model) {
  const auto [height, width] = picture_size(o, set);
  return nn::summary(model, {1, height, width, set.channels()});
}

void introduce(const Options& o, const MnistData& data, const models::EfficientNet<float>& model) {
  const data::Dataset& set = data.training;
  const nn::Summary summary = summary_of(o, set, model);
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
  if (o.out.empty()) std::printf("nothing is kept: --out DIR keeps the network and a report\n");
  std::fflush(stdout);
}

models::EfficientNetOptions network_options(const Options& o, const data::Dataset& set) {
  models::EfficientNetOptions network{.in_channels = set.channels(),
                                      .classes = set.classes,
                                      .head = o.head,
                                      .stem_stride = o.stem_stride,
                                      .dropout = o.dropout,
                                      .classifier_scale = o.classifier_scale,
                                      .drop_path = o.drop_path};
  network.defaults.activation =
      text::kind_named<kernels::ActivationKind>(kernels::activation_names, o.activation).value();
  network.defaults.branch_gamma = o.branch_gamma;
  return network;
}

models::EfficientNet<float> make_network(const Options& o, const data::Dataset& set) {
  const models::ModelSpec& table = models::find_model(o.model);
  return models::efficientnet<float>(
      models::scale_non_uniformly(table, table.name, {.factors = {.width = o.width}}),
      network_options(o, set), static_cast<std::uint64_t>(o.seed));
}

class Run final : public Training {
 public:
  Run(const Options& o, const MnistData& data)
      : out_(o.out),
        fit_(fit_options(o, data.training)),
        card_(train::model_card(fit_, data.training)),
        model_(make_network(o, data.training)),
        trainer_(model_, data.training, data.test, fit_),
        checkpoints_(o.out + "/checkpoints") {
    if (!out_.empty() && !o.resume && !checkpoints_.files().empty()) {
      throw UsageError{out_ +
                       "/checkpoints holds a run already: --resume goes on with it, another "
                       "--out begins anew"};
    }
    if (!o.quiet) introduce(o, data, model_);
    fill_record(o, data);
  }

  train::RunRecord record() const override { return record_; }

  std::optional<Position> resume() override {
    const auto step = checkpoints_.resume(trainer_, [](const Error& error) {
      std::fprintf(stderr, "warning: %s; trying the one before\n", error.what());
    });
    if (!step) return {};
    return Position{trainer_.step(), trainer_.epoch()};
  }

  bool save_checkpoint() override {
    if (out_.empty()) return false;
    try {
      checkpoints_.save(trainer_);
      return true;
    } catch (const Error& error) {
      std::fprintf(stderr, "\nwarning: no checkpoint of step %lld, training goes on: %s\n",
                   static_cast<long long>(trainer_.step()), error.what());
      return false;
    }
  }

  train::FitResult run(const train::Callbacks& callbacks) override {
    train::FitResult result = trainer_.run(callbacks);
    if (!out_.empty() && !result.stopped) {
      io::save_model(out_ + "/model.safetensors", model_, card_);
    }
    return result;
  }

 private:
  void fill_record(const Options& o, const MnistData& data) {
    record_.title = title(o, data);
    record_.facts = train::environment(fit_.threads);
    record_.facts.insert(record_.facts.end(),
                         {{"data", data.origin},
                          {"training images", text::grouped(data.training.size())},
                          {"test images", text::grouped(data.test.size())},
                          {"recipe", o.recipe}});
    record_.configuration = train::configuration_text(fit_) + '\n' + model_.configuration();
    record_.total_steps = trainer_.total_steps();
    record_.summary = summary_of(o, data.training, model_);
    record_.stages = train::stage_records(fit_);
    for (train::StageRecord& stage : record_.stages) {
      if (stage.dropout < 0.0) stage.dropout = o.dropout;
      stage.image_size = stage.image_size.value_or(picture_size(o, data.training));
    }
  }

  std::string out_;
  train::RunRecord record_;
  train::FitOptions fit_;
  io::ModelCard card_;
  models::EfficientNet<float> model_;
  train::Trainer<models::EfficientNet<float>> trainer_;
  io::CheckpointFolder checkpoints_;
};

}  // namespace

std::unique_ptr<Training> prepare_training(const Options& options, const MnistData& data) {
  return std::make_unique<Run>(options, data);
}
