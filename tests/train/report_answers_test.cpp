#include <effv2/train/report_answers.hpp>
#include <limits>

#include "../catch.hpp"
#include "../support/evaluation.hpp"
#include "../support/markup.hpp"

namespace effv2::report_answers_test {

using namespace effv2::train;
using testing::answered;
using testing::count;
using testing::read_markup;

TEST_CASE("the most confident errors come first", "[report]") {
  const auto [test, evaluation] = answered({{0, 0, 0.99F},
                                            {0, 1, 0.5F},
                                            {1, 2, 0.9F},
                                            {2, 2, 1.0F},
                                            {2, 0, 0.5F},
                                            {1, 0, std::numeric_limits<float>::quiet_NaN()},
                                            {0, 2, 0.95F}},
                                           3);
  CHECK(misread(evaluation, test) == std::vector<std::int64_t>{6, 2, 1, 4, 5});
  const std::string part = errors_section(evaluation, test);
  const testing::Markup markup = read_markup(part);
  CHECK(markup.error == "");
  CHECK(markup.elements.at("img") == 5);
  CHECK(count(markup.text, "5 of 7 test pictures were misread") == 1);
  std::size_t before = 0;
  for (const char* words :
       {"0 read as 295.0 %, #6", "1 read as 290.0 %, #2", "0 read as 150.0 %, #1",
        "2 read as 050.0 %, #4", "1 read as 0– %, #5"}) {
    CAPTURE(words);
    const std::size_t place = markup.text.find(words);
    REQUIRE(place != std::string::npos);
    CHECK(place > before);
    before = place;
  }
}

TEST_CASE("classes that are confused, the most frequent first", "[report]") {
  ConfusionMatrix matrix(3);
  for (int i = 0; i < 5; ++i) matrix.add(1, 1), matrix.add(2, 0);
  for (int i = 0; i < 3; ++i) matrix.add(0, 2), matrix.add(0, 1);
  const std::vector<Confusion> found = confusions(matrix);
  REQUIRE(found.size() == 3);
  CHECK((found[0].truth == 2 && found[0].said == 0 && found[0].count == 5));
  CHECK((found[1].truth == 0 && found[1].said == 1 && found[1].count == 3));
  CHECK((found[2].truth == 0 && found[2].said == 2));
}

TEST_CASE("the table has the counts", "[report]") {
  std::vector<testing::Answer> answers(17, {0, 0, 0.9F});
  answers.insert(answers.end(), 3, {0, 1, 0.6F});
  answers.insert(answers.end(), 12, {1, 1, 0.9F});
  const auto [test, evaluation] = answered(answers, 2, {"cat", "dog"});
  const std::string part = confusion_section(evaluation, test);
  const testing::Markup markup = read_markup(part);
  CHECK(markup.error == "");
  // Recall 17 of 20 and 12 of 12; precision 17 of 17 and 12 of 15.
  CHECK(count(markup.text, "catdogfound\ncat17385.0\ndog·12100.0\nright100.080.0") == 1);
  CHECK(count(markup.text, "cat read as dog3") == 1);
  CHECK(count(part, "var(--good) /") == 2);
  CHECK(count(part, "var(--bad) / 0.76)") == 1);
}

TEST_CASE("names of classes are text, whatever is in them", "[report]") {
  const auto [test, evaluation] = answered(
      {{0, 1, 0.9F}, {1, 1, 0.9F}}, 2, {"<script>alert(1)</script>", "\" onload='x' & <b>\x01"});
  for (const std::string& part :
       {confusion_section(evaluation, test), errors_section(evaluation, test)}) {
    const testing::Markup markup = read_markup(part);
    CHECK(markup.error == "");
    CHECK_FALSE(markup.elements.contains("script"));
    CHECK(count(part, "<script") == 0);
    CHECK(count(markup.text, "<script>alert(1)</script>") >= 1);
  }
}

TEST_CASE("no errors, and no test set", "[report]") {
  const auto [test, evaluation] = answered({{0, 0, 0.9F}, {1, 1, 0.9F}}, 2);
  CHECK(count(errors_section(evaluation, test), "Every test picture was read correctly.") == 1);
  CHECK(read_markup(confusion_section(evaluation, test)).error == "");
  for (const std::string& part :
       {confusion_section({}, data::Dataset{}), errors_section({}, data::Dataset{})}) {
    CHECK(read_markup(part).error == "");
    CHECK(count(part, "There is no test set to tell of.") == 1);
  }
}

TEST_CASE("of many errors and many classes there is a choice", "[report]") {
  std::vector<testing::Answer> answers;
  for (std::int32_t i = 0; i < 400; ++i) answers.push_back({i % 40, (i + 1) % 40, 0.5F});
  const auto [test, evaluation] = answered(answers, 40);
  const testing::Markup errors = read_markup(errors_section(evaluation, test));
  CHECK(errors.elements.at("img") == 96);
  CHECK(count(errors.text, "400 of 400 test pictures were misread") == 1);
  const testing::Markup confusion = read_markup(confusion_section(evaluation, test));
  CHECK_FALSE(confusion.elements.contains("table"));
  CHECK(confusion.elements.at("dt") == 10);
  CHECK(confusion.elements.at("rect") == 12);
}

TEST_CASE("pictures are those of the data set, shrunk where they are large", "[report]") {
  for (const std::int64_t channels : {1, 2, 3}) {
    const auto [test, evaluation] = answered({{0, 0, 0.9F}, {0, 1, 0.9F}}, 2, {}, channels);
    Tensor<std::uint8_t> expected({4, 5, channels == 3 ? 3 : 1});
    for (std::int64_t p = 0; p < 20; ++p) {
      for (std::int64_t c = 0; c < expected.extent(2); ++c) {
        expected[p * expected.extent(2) + c] = test.images(1, p / 5, p % 5, c);
      }
    }
    CHECK(count(errors_section(evaluation, test), io::png_data_uri(expected)) == 1);
  }
  data::Dataset large = data::Dataset::from(Tensor<std::uint8_t>({1, 200, 400, 1}), {0}, 2);
  const Evaluation wrong = answered({{0, 1, 0.9F}}, 2).second;
  CHECK(count(errors_section(wrong, large), "width=\"112\" height=\"56\"") == 1);
}

TEST_CASE("an evaluation of something else is refused", "[report]") {
  const auto [test, evaluation] = answered({{0, 0, 0.9F}, {1, 0, 0.9F}}, 2);
  check_evaluation(evaluation, test);
  check_evaluation({}, data::Dataset{});
  const auto refuses = [&](auto change) {
    Evaluation other = evaluation;
    change(other);
    CHECK_THROWS_AS(check_evaluation(other, test), Error);
  };
  refuses([](Evaluation& e) { e.predictions.pop_back(); });
  refuses([](Evaluation& e) { e.confidences.clear(); });
  refuses([](Evaluation& e) { e.confusion.add(0, 0); });
  refuses([](Evaluation& e) { e.predictions[0] = 2; });
  refuses([](Evaluation& e) { e = {}; });
}

}  // namespace effv2::report_answers_test
