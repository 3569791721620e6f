#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/run_record.hpp>
#include <effv2/train/trainer.hpp>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::run_record_test {

using train::RunRecord;
using train::StepReport;

namespace {

StepReport step(std::int64_t number, double loss, std::int64_t total = 100) {
  StepReport r{.step = number, .total_steps = total};
  r.loss = loss, r.accuracy = 1.0 - loss, r.seconds = 0.5 * static_cast<double>(number);
  return r;
}

}  // namespace

TEST_CASE("few steps are kept as they are", "[run_record]") {
  RunRecord record;
  for (int i = 1; i <= 600; ++i) record.note(step(i, 1.0 / i));
  REQUIRE(record.steps.size() == 600);
  CHECK(record.steps[9].loss == 0.1);
  CHECK(record.total_steps == 100);
}

TEST_CASE("many steps become means of equally many", "[run_record]") {
  RunRecord record;
  constexpr std::int64_t count = 10007;
  for (std::int64_t i = 1; i <= count; ++i) record.note(step(i, static_cast<double>(i)));
  REQUIRE(record.steps.size() <= RunRecord::most_steps);
  REQUIRE(record.steps.size() > RunRecord::most_steps / 2);
  const std::int64_t interval = record.steps[0].step;
  std::int64_t before = 0;
  for (const StepReport& point : record.steps) {
    if (point.step != count) REQUIRE(point.step == before + interval);
    // The mean of before + 1 ... step.
    REQUIRE(point.loss == Approx(0.5 * static_cast<double>(before + 1 + point.step)));
    REQUIRE(point.accuracy == Approx(1.0 - point.loss));
    REQUIRE(point.seconds == 0.5 * static_cast<double>(point.step));  // of the last
    before = point.step;
  }
  CHECK(before == count);
  CHECK(record.steps_done == count);
}

TEST_CASE("every tenth step, as a file has them, is thinned likewise", "[run_record]") {
  RunRecord record;
  for (std::int64_t i = 1; i <= 2000; ++i) record.note(step(10 * i, 1.0));
  CHECK(record.steps.size() <= RunRecord::most_steps);
  CHECK(record.steps.back().step == 20000);
  for (const StepReport& point : record.steps) CHECK(point.loss == Approx(1.0));
}

TEST_CASE("a step that was skipped has no loss to note", "[run_record]") {
  RunRecord record;
  StepReport skipped = step(1, 0.0);
  skipped.skipped = true;
  record.note(skipped);
  record.note(step(2, 0.5));
  REQUIRE(record.steps.size() == 1);
  CHECK(record.steps[0].loss == 0.5);
}

TEST_CASE("a run is noted by callbacks", "[run_record]") {
  const data::Dataset training = testing::quarters(40, 600), test = testing::quarters(8, 601);
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(64, 4));
  nn::initialize(net, 1);
  train::FitOptions options;
  options.epochs = 2, options.batch_size = 8, options.threads = 1;
  RunRecord record;
  record.evaluation = train::fit(net, training, test, options, record.callbacks()).evaluation;
  CHECK(record.steps.size() == 10);
  CHECK(record.total_steps == 10);
  REQUIRE(record.epochs.size() == 2);
  CHECK(record.epochs[0].step == 5);
  CHECK(record.epochs[1].is_evaluated);
  CHECK(record.epochs[1].test_accuracy == record.evaluation.accuracy());
  CHECK(record.epochs[1].test_loss == record.evaluation.loss);
  CHECK(record.epochs[1].accuracy > 0.0);

  options.evaluate_each_epoch = false;
  RunRecord other;
  train::fit(net, training, test, options, other.callbacks());
  CHECK_FALSE(other.epochs[0].is_evaluated);
}

TEST_CASE("augmentation in words", "[run_record]") {
  CHECK(train::describe(data::Augmentation{}) == "");
  CHECK(train::describe({.shift = 2.0, .rotate = 3.333, .scale = 0.1}) ==
        "shift 2 px, rotate 3.3°, scale 0.1");
  CHECK(train::describe({.mirror = true, .erase = 0.25, .rand_augment = {.magnitude = 5.0}}) ==
        "RandAugment, 2 draws, mirror, erase 0.25");
}

TEST_CASE("stages are recorded as they are, or as the one that there is", "[run_record]") {
  train::FitOptions options;
  options.data.image_size = 28, options.data.mixup = 0.1;
  options.data.augmentation.shift = 2.0;
  const std::vector<train::StageRecord> one = train::stage_records(options);
  REQUIRE(one.size() == 1);
  CHECK(one[0].image_size == 28);
  CHECK(one[0].augmentation == "shift 2 px");
  CHECK(one[0].mixup == 0.1);
  CHECK(one[0].dropout < 0.0);

  data::Augmentation full;
  full.rand_augment = data::RandAugment::for_digits(15.0);
  options.stages = train::progressive_stages(train::progressive_28, 3, full);
  const std::vector<train::StageRecord> three = train::stage_records(options);
  REQUIRE(three.size() == 3);
  CHECK(three[0].image_size == 16);
  CHECK(three[1].magnitude == 10.0);
  CHECK(three[2].mixup == 0.2);
  CHECK(three[2].dropout == 0.3);
}

TEST_CASE("the environment is named", "[run_record]") {
  const RunRecord::Facts facts = train::environment(3);
  const auto value = [&](const std::string& name) {
    for (const auto& [key, text] : facts) {
      if (key == name) return text;
    }
    return std::string();
  };
  CHECK(value("effv2") == EFFV2_VERSION_STRING);
  CHECK(value("instruction set") == EFFV2_ISA_NAME);
  CHECK(value("threads") == "3");
  CHECK_FALSE(value("compiler").empty());
}

TEST_CASE("a record goes on from points that a program has put there", "[run_record]") {
  RunRecord whole, restored;
  for (int i = 1; i <= 600; ++i) whole.note(step(i, 1.0 / i));
  restored.steps = whole.steps;
  for (int i = 601; i <= 700; ++i) whole.note(step(i, 1.0 / i)), restored.note(step(i, 1.0 / i));
  REQUIRE(restored.steps.size() == whole.steps.size());
  for (std::size_t i = 0; i < whole.steps.size(); ++i) {
    REQUIRE(restored.steps[i].loss == whole.steps[i].loss);
  }
}

}  // namespace effv2::run_record_test
