#include <cmath>
#include <effv2/train/report_course.hpp>
#include <limits>

#include "../catch.hpp"
#include "../support/markup.hpp"

namespace effv2::report_course_test {

using namespace effv2::train;
using testing::count;
using testing::read_markup;

namespace {

RunRecord run(std::int64_t steps, std::int64_t epochs) {
  RunRecord record;
  for (std::int64_t i = 1; i <= steps; ++i) {
    StepReport r{.step = i, .total_steps = steps, .image_size = i <= steps / 2 ? 16 : 28};
    r.loss = 2.0 / static_cast<double>(i), r.accuracy = 1.0 - 0.9 / static_cast<double>(i);
    r.learning_rate = 1e-3, r.gradient_norm = 0.5;
    r.images_per_second = 1000.0, r.seconds = 0.1 * static_cast<double>(i);
    record.note(r);
  }
  for (std::int64_t e = 0; e < epochs; ++e) {
    record.epochs.push_back({.epoch = e,
                             .step = steps * (e + 1) / epochs,
                             .loss = 1.0,
                             .accuracy = 0.5,
                             .seconds = 10.0,
                             .is_evaluated = true,
                             .test_loss = 0.5,
                             .test_accuracy = e == 1 ? 0.75 : 0.7});
  }
  record.stages = {{28, "shift 2 px", 0.0, 0.0, -1.0}};
  return record;
}

void check_well(const std::string& part) {
  const testing::Markup markup = read_markup(part);
  CHECK(markup.error == "");
  for (const char* sign : {"nan", "inf"}) CHECK(part.find(sign) == std::string::npos);
}

}  // namespace

TEST_CASE("curves have a dot for each evaluation", "[report]") {
  const RunRecord record = run(100, 4);
  const std::string part = curves_section(record);
  check_well(part);
  const testing::Markup markup = read_markup(part);
  CHECK(markup.elements.at("svg") == 2);
  CHECK(markup.elements.at("circle") == 8);
  CHECK(markup.elements.at("tr") == 5);
  CHECK(count(markup.text, "test, step 50: 75 %") == 1);
  CHECK(count(markup.text, "The best evaluation was 75.00 %, after epoch 2.") == 1);
  REQUIRE(best_epoch(record) != nullptr);
  CHECK(best_epoch(record)->epoch == 1);
}

TEST_CASE("the first of equally good evaluations is the best", "[report]") {
  RunRecord record = run(10, 3);
  for (EpochRecord& r : record.epochs) r.test_accuracy = 0.9;
  CHECK(best_epoch(record)->epoch == 0);
  record.epochs[0].is_evaluated = false;
  CHECK(best_epoch(record)->epoch == 1);
  CHECK(best_epoch(RunRecord{}) == nullptr);
}

TEST_CASE("one step, one epoch, nothing at all", "[report]") {
  for (const RunRecord& record : {run(1, 1), run(2, 1), run(1, 0), RunRecord{}}) {
    check_well(curves_section(record));
    check_well(schedule_section(record));
  }
  RunRecord unlucky = run(3, 1);
  for (StepReport& r : unlucky.steps) {
    r.loss = r.accuracy = r.gradient_norm = std::numeric_limits<double>::quiet_NaN();
    r.seconds = r.images_per_second = 0.0;
  }
  unlucky.epochs[0].test_loss = std::numeric_limits<double>::infinity();
  check_well(curves_section(unlucky));
  check_well(schedule_section(unlucky));
}

TEST_CASE("an accuracy of 100 % has a place, and is not called less", "[report]") {
  RunRecord record = run(10, 2);
  record.epochs[0].test_accuracy = 0.99, record.epochs[1].test_accuracy = 1.0;
  const std::string part = curves_section(record);
  check_well(part);
  CHECK(count(read_markup(part).text, "test, step 5: 99 %") == 1);
  CHECK(count(read_markup(part).text, "test, step 10: 100 %") == 1);
  for (StepReport& r : record.steps) r.accuracy = 1.0;
  record.epochs[0].test_accuracy = 1.0;
  check_well(curves_section(record));
}

TEST_CASE("an epoch without an evaluation has no test figures", "[report]") {
  RunRecord record = run(10, 2);
  record.epochs[0].is_evaluated = false;
  const std::string part = curves_section(record);
  check_well(part);
  CHECK(read_markup(part).elements.at("circle") == 2);
  CHECK(count(part, ">–<") == 2);
}

TEST_CASE("a mean of neighbours, of fewer at the ends", "[report]") {
  std::vector<svg::Point> points;
  for (int i = 0; i < 80; ++i) points.push_back({static_cast<double>(i), i == 40 ? 5.0 : 0.0});
  const std::vector<svg::Point> means = train::detail::smoothed(points);
  REQUIRE(means.size() == 80);
  for (int i = 0; i < 80; ++i) {
    const auto at = static_cast<std::size_t>(i);
    CHECK(means[at].x == i);
    CHECK(means[at].y == Approx(std::abs(i - 40) <= 2 ? 1.0 : 0.0));
  }
  points.assign(80, {0.0, 3.0});
  for (const svg::Point& p : train::detail::smoothed(points)) CHECK(p.y == Approx(3.0));
  CHECK(train::detail::smoothed({}).empty());
}

TEST_CASE("speed is that between two points, not the average so far", "[report]") {
  RunRecord record;
  const auto add = [&](std::int64_t step, double seconds) {
    StepReport r{.step = step, .total_steps = 30};
    r.seconds = seconds, r.images_per_second = 64.0 * static_cast<double>(step) / seconds;
    record.note(r);
  };
  add(10, 1.0), add(20, 3.0), add(30, 3.0);
  const svg::Series speed = train::detail::speed_series(record);
  REQUIRE(speed.points.size() == 2);
  CHECK(speed.points[0].y == Approx(640.0));
  CHECK(speed.points[1].y == Approx(320.0));
}

TEST_CASE("stages have the steps that the trainer gives them", "[report]") {
  RunRecord record = run(10, 1);
  record.stages = {
      {16, "", 5.0, 0.0, 0.1}, {20, "mirror", 10.0, 0.1, 0.2}, {28, "a < b", 15.0, 0.2, 0.3}};
  const std::string part = schedule_section(record);
  check_well(part);
  const testing::Markup markup = read_markup(part);
  // Step s, from 0, is of stage 3 s / 10.
  CHECK(count(markup.text, "11–416 pxnone5none0.1\n") == 1);
  CHECK(count(markup.text, "25–720 pxmirror100.10.2\n") == 1);
  CHECK(count(markup.text, "38–1028 pxa < b150.20.3\n") == 1);
  CHECK(count(part, "stroke-dasharray") == 2 * 4);

  record.stages = {{0, "", 0.0, 0.0, -1.0}};
  CHECK(count(read_markup(schedule_section(record)).text,
              "11–10as they arenonenonenonethe model's") == 1);
  record.total_steps = 1, record.stages.resize(3);
  check_well(schedule_section(record));
}

}  // namespace effv2::report_course_test
