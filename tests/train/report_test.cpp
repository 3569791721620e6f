#include <effv2/models/efficientnet.hpp>
#include <effv2/train/report.hpp>
#include <effv2/train/trainer.hpp>

#include "../catch.hpp"
#include "../support/evaluation.hpp"
#include "../support/markup.hpp"
#include "../support/quarters.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::report_test {

using namespace effv2::train;
using testing::answered;
using testing::count;
using testing::read_markup;

namespace {

void check_whole(const std::string& page) {
  const testing::Markup markup = read_markup(page);
  CHECK(markup.error == "");
  for (const char* heading : {"Curves", "Schedule and speed", "Confusion", "Errors", "Network",
                              "Environment and options"}) {
    CAPTURE(heading);
    CHECK(count(page, concat("<h2>", heading, "</h2>")) == 1);
  }
  for (const char* sign : {"nan", "inf"}) CHECK(count(page, concat("\"", sign)) == 0);
  CHECK_FALSE(markup.elements.contains("script"));
}

RunRecord recorded(std::int64_t steps) {
  RunRecord record;
  record.title = "a run";
  for (std::int64_t i = 1; i <= steps; ++i) {
    StepReport r{.step = i, .total_steps = 20};
    r.loss = 1.0, r.accuracy = 0.5, r.seconds = 3.0 * static_cast<double>(i);
    r.images_per_second = 1234.5;
    record.note(r);
  }
  return record;
}

}  // namespace

TEST_CASE("a real run, from training to a file", "[report]") {
  const data::Dataset training = testing::quarters(96, 600), test = testing::quarters(40, 601);
  auto net = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 4}, 1);
  FitOptions options;
  options.epochs = 2, options.batch_size = 16, options.threads = 2;
  options.stages = progressive_stages({4, 8, 5, 15, 0.0, 0.2, 0.1, 0.3}, 2, {.shift = 1.0});
  RunRecord record;
  record.title = "quarters", record.facts = environment(2);
  record.configuration = configuration_text(options), record.stages = stage_records(options);
  record.summary = nn::summary(net, {1, 8, 8, 1});
  record.evaluation = fit(net, training, test, options, record.callbacks()).evaluation;

  const TemporaryFolder folder;
  write_report(folder / "report.html", record, test);
  const std::vector<std::uint8_t> bytes = read_file(folder / "report.html");
  const std::string page(bytes.begin(), bytes.end());
  CHECK(page == html_report(record, test));
  check_whole(page);
  const std::string text = read_markup(page).text;
  CHECK(count(text, "12 steps, 2 epochs, ") == 1);
  CHECK(count(text, text::percent(record.evaluation.accuracy())) >= 2);
  CHECK(count(text, "learning_rate0.002") == 1);
  CHECK(count(text, concat("instruction set", EFFV2_ISA_NAME)) == 1);
  CHECK_THROWS_AS(write_report(folder / "no/such/place.html", record, test), Error);
}

TEST_CASE("the figures are those of the evaluation", "[report]") {
  std::vector<testing::Answer> answers(1199, {0, 0, 0.9F});
  answers.push_back({1, 0, 0.75F});
  const auto [test, evaluation] = answered(answers, 2);
  RunRecord record = recorded(20);
  record.evaluation = evaluation;
  const std::string page = html_report(record, test);
  check_whole(page);
  const std::string text = read_markup(page).text;
  CHECK(count(text, "test accuracy: 1,199 of 1,200 pictures99.92 %misread1test loss0.2500") == 1);
  CHECK(count(text, "training time1 min 00 simages/s1,234") == 1);
  CHECK(count(text, "ended early") == 0);
}

TEST_CASE("a run that ended early says so", "[report]") {
  const std::string text = read_markup(html_report(recorded(7), {})).text;
  CHECK(count(text, "7 steps, 21 s of training. The run ended early: it was to have 20 steps.") ==
        1);
}

TEST_CASE("a run without a test set, and one of which nothing is known", "[report]") {
  RunRecord record = recorded(20);
  record.note(EpochRecord{.step = 20, .loss = 0.5, .accuracy = 0.875, .seconds = 61.0});
  const std::string page = html_report(record, {});
  check_whole(page);
  CHECK(count(page, "there is no test set") == 1);
  CHECK(count(page, "87.50 %") >= 1);
  check_whole(html_report(RunRecord{}, {}));
  check_whole(html_report(recorded(1), {}));
}

TEST_CASE("whatever comes from a user is text", "[report]") {
  const std::string script = "<script>alert('&')</script>";
  const auto [test, evaluation] =
      answered({{0, 1, 0.5F}, {1, 1, 0.5F}}, 2, {script, "\"><img onerror=\"x\" />"});
  RunRecord record = recorded(3);
  record.title = script, record.facts = {{script, script}};
  record.configuration = script + " " + script + "\n" + script;
  record.stages = {{28, script, 0.0, 0.0, 0.0}};
  record.evaluation = evaluation;
  const std::string page = html_report(record, test);
  check_whole(page);
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "onerror=\"") == 0);
  CHECK(count(read_markup(page).text, script) >= 8);
  CHECK(read_markup(page).elements.at("img") == 1);
}

TEST_CASE("an evaluation of another data set is refused", "[report]") {
  RunRecord record = recorded(3);
  record.evaluation = answered({{0, 1, 0.5F}}, 2).second;
  CHECK_THROWS_AS(html_report(record, {}), Error);
}

}  // namespace effv2::report_test
