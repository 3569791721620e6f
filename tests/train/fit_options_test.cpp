#include <cmath>
#include <effv2/train/fit_options.hpp>
#include <limits>

#include "../catch.hpp"

namespace effv2::fit_options_test {

TEST_CASE("every option that decides a result is in the configuration, threads are not",
          "[fit_options]") {
  const std::string plain = train::configuration_text({});
  CHECK(plain.find("optimizer adamw\n") != std::string::npos);
  CHECK(plain.find("schedule cosine\n") != std::string::npos);
  const auto changes = [&](auto change) {
    train::FitOptions o;
    change(o);
    return train::configuration_text(o) != plain;
  };
  using train::FitOptions;
  CHECK(changes([](FitOptions& o) { o.epochs = 7; }));
  CHECK(changes([](FitOptions& o) { o.steps = 7; }));
  CHECK(changes([](FitOptions& o) { o.batch_size = 7; }));
  CHECK(changes([](FitOptions& o) { o.optimizer = train::OptimizerKind::sgd; }));
  CHECK(changes([](FitOptions& o) { o.learning_rate *= 1.0 + 1e-15; }));
  CHECK(changes([](FitOptions& o) { o.schedule = optim::ScheduleKind::constant; }));
  CHECK(changes([](FitOptions& o) { o.warmup_epochs = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.weight_decay = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.clip_norm = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.label_smoothing = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.ema_decay = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.data.image_size = 7; }));
  CHECK(changes([](FitOptions& o) { o.data.augmentation.shear = 7.0; }));
  CHECK(changes([](FitOptions& o) { o.data.augmentation.elastic = 7.0; }));
  CHECK(changes([](FitOptions& o) { o.data.augmentation.rand_augment.magnitude = 7.0; }));
  CHECK(changes([](FitOptions& o) { o.data.mixup = 0.5; }));
  CHECK(changes([](FitOptions& o) { o.accumulate = 2; }));
  CHECK(changes([](FitOptions& o) { o.patience = 2; }));
  CHECK(changes([](FitOptions& o) { o.statistics_batches = 2; }));
  CHECK(changes([](FitOptions& o) { o.stages.resize(1); }));
  CHECK(changes([](FitOptions& o) { o.data.mean = {0.1, 0.2}; }));
  CHECK(changes([](FitOptions& o) { o.data.deviation = {0.1, 0.2}; }));
  CHECK(changes([](FitOptions& o) { o.seed = 7; }));
  CHECK(changes([](FitOptions& o) { o.configuration = "colour blue"; }));
  CHECK_FALSE(changes([](FitOptions& o) { o.threads = 7; }));
}

TEST_CASE("options no run could begin with are refused", "[fit_options]") {
  using train::FitOptions;
  CHECK_NOTHROW(FitOptions{}.validate());
  CHECK_NOTHROW(FitOptions{.epochs = 0, .steps = 1}.validate());
  const auto refuses = [](auto change) {
    FitOptions o;
    change(o);
    CHECK_THROWS_AS(o.validate(), Error);
  };
  refuses([](FitOptions& o) { o.epochs = 0; });
  refuses([](FitOptions& o) { o.epochs = std::int64_t{1} << 60; });
  refuses([](FitOptions& o) { o.steps = std::int64_t{1} << 60; });
  refuses([](FitOptions& o) { o.warmup_epochs = 1e300; });
  refuses([](FitOptions& o) { o.batch_size = 0; });
  refuses([](FitOptions& o) { o.data.batch_size = 7; });
  refuses([](FitOptions& o) { o.data.seed = 7; });
  refuses([](FitOptions& o) { o.data.shuffle = false; });
  CHECK_NOTHROW(
      FitOptions{.batch_size = 7, .data = {.batch_size = 7, .seed = 7}, .seed = 7}.validate());
  refuses([](FitOptions& o) { o.evaluation_batch = 0; });
  refuses([](FitOptions& o) { o.accumulate = 0; });
  refuses([](FitOptions& o) { o.patience = -1; });
  refuses([](FitOptions& o) { o.patience = 1, o.evaluate_each_epoch = false; });
  refuses([](FitOptions& o) { o.ema_decay = 1.0; });
  refuses([](FitOptions& o) { o.ema_decay = -0.1; });
  refuses([](FitOptions& o) { o.clip_norm = -1.0; });
  refuses([](FitOptions& o) { o.warmup_epochs = -1.0; });
  refuses([](FitOptions& o) { o.weight_decay = std::numeric_limits<double>::quiet_NaN(); });
  refuses([](FitOptions& o) { o.stages = {{}, {.mixup = 1.5}}; });
  refuses([](FitOptions& o) { o.stages = {{}, {.dropout = 1.0}}; });
  refuses([](FitOptions& o) { o.stages = {{}, {.augmentation = {.scale = -1.0}}}; });
  refuses([](FitOptions& o) { o.statistics_batches = -1; });
  refuses([](FitOptions& o) { o.label_smoothing = 1.0; });
  refuses([](FitOptions& o) { o.label_smoothing = -0.1; });
  refuses([](FitOptions& o) { o.learning_rate = 0.0; });
  refuses([](FitOptions& o) { o.learning_rate = std::numeric_limits<double>::infinity(); });
}

TEST_CASE("class weights and steps that cannot be are refused", "[fit_options]") {
  const auto validate = [](auto change) {
    train::FitOptions o;
    change(o);
    o.validate();
  };
  CHECK_NOTHROW(validate([](auto& o) { o.class_weights = {0.0, 2.0}; }));
  CHECK_THROWS_AS(validate([](auto& o) { o.class_weights = {0.0, 0.0}; }), Error);
  CHECK_THROWS_AS(validate([](auto& o) { o.class_weights = {1.0, -1.0}; }), Error);
  CHECK_THROWS_AS(validate([](auto& o) { o.class_weights = {1.0, std::nan("")}; }), Error);
  CHECK_THROWS_AS(validate([](auto& o) { o.steps = -3; }), Error);
}

}  // namespace effv2::fit_options_test
