#include <cmath>
#include <effv2/train/run_progress.hpp>
#include <map>
#include <string>

#include "../catch.hpp"

namespace effv2::run_progress_test {

namespace {

train::Evaluation evaluation(int correct, int wrong) {
  train::Evaluation e;
  e.confusion = train::ConfusionMatrix(2);
  for (int i = 0; i < correct; ++i) e.confusion.add(0, 0);
  for (int i = 0; i < wrong; ++i) e.confusion.add(0, 1);
  return e;
}

}  // namespace

TEST_CASE("an epoch's means are over its updates", "[run_progress]") {
  train::RunProgress progress;
  CHECK(std::isnan(progress.epoch_report().loss));
  progress.finish_step({.loss = 1.0, .accuracy = 0.5}, 2);
  progress.finish_step({.loss = NAN, .accuracy = NAN, .skipped = true}, 2);
  progress.finish_step({.loss = 4.0, .accuracy = 1.0}, 2);
  CHECK(progress.step == 3);
  CHECK(progress.skipped == 1);
  CHECK(progress.batch == 6);
  const train::EpochReport report = progress.epoch_report();
  CHECK(report.step == 3);
  CHECK(report.loss == 2.5);
  CHECK(report.accuracy == 0.75);

  progress.finish_epoch(report);
  CHECK(progress.epoch == 1);
  CHECK(progress.step == 3);
  CHECK(progress.batch == 0);
  CHECK(std::isnan(progress.epoch_report().accuracy));
}

TEST_CASE("the first of the best evaluations is remembered", "[run_progress]") {
  train::RunProgress progress;
  const train::Evaluation bad = evaluation(0, 2), good = evaluation(2, 1), same = evaluation(4, 2);
  for (const train::Evaluation* e : {&bad, &good, &same, &bad}) {
    progress.finish_step({}, 1);
    train::EpochReport report = progress.epoch_report();
    report.evaluation = e;
    progress.finish_epoch(report);
    if (e == &bad && progress.epoch == 1) CHECK(progress.best_step == 1);
  }
  CHECK(progress.best_step == 2);
  CHECK(progress.best_accuracy == good.accuracy());
  progress.finish_epoch(progress.epoch_report());  // not evaluated
  CHECK(progress.best_step == 2);
}

TEST_CASE("a progress given another one's state is equal to it", "[run_progress]") {
  train::RunProgress progress;
  progress.finish_step({.loss = 1.0, .accuracy = 0.5}, 3);
  const train::Evaluation good = evaluation(2, 1);
  train::EpochReport report = progress.epoch_report();
  report.evaluation = &good;
  progress.finish_epoch(report);
  progress.finish_step({.skipped = true}, 3);
  progress.finish_step({.loss = 2.0, .accuracy = 0.25}, 3);
  progress.seconds = 7.0;

  std::map<std::string, double> state;
  progress.visit_state(
      [&](const char* name, auto& value) { state[name] = static_cast<double>(value); });
  train::RunProgress other;
  other.visit_state([&](const char* name, auto& value) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(state.at(name));
  });
  const auto& [step, skipped, epoch, batch, updates, loss, accuracy, seconds, best_step, best] =
      other;  // all fields, or this does not compile
  CHECK(step == 3);
  CHECK(skipped == 1);
  CHECK(epoch == 1);
  CHECK(batch == 6);
  CHECK(updates == 1);
  CHECK(loss == 2.0);
  CHECK(accuracy == 0.25);
  CHECK(seconds == 7.0);
  CHECK(best_step == 1);
  CHECK(best == good.accuracy());
}

}  // namespace effv2::run_progress_test
