#include <effv2/train/svg_chart.hpp>
#include <limits>

#include "../catch.hpp"
#include "../support/markup.hpp"

namespace effv2::svg_chart_test {

using namespace effv2::train::svg;
using testing::count;
using testing::read_markup;

namespace {

// Well formed, and every number of it is one.
void check_well(const std::string& svg) {
  CAPTURE(svg);
  CHECK(read_markup(svg).error.empty());
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  for (const char* sign : {"nan", "inf", "e+", "e-0"}) CHECK(svg.find(sign) == std::string::npos);
}

}  // namespace

TEST_CASE("a line goes from corner to corner", "[svg]") {
  const std::string svg =
      line_chart({.title = "rising",
                  .series = {{.name = "a", .points = {{0, 1}, {5, 2}, {10, 3}}}},
                  .x = {.label = "step"},
                  .y = {.label = "loss"}});
  check_well(svg);
  CHECK(count(svg, "d=\"M48 184L238 106L428 28\"") == 1);
  const testing::Markup markup = read_markup(svg);
  CHECK(markup.text.starts_with("rising"));
  for (const char* words : {"step", "loss", "10", "2.5"}) CHECK(count(markup.text, words) >= 1);
  CHECK(markup.elements.at("svg") == 1);
  CHECK_FALSE(markup.elements.contains("circle"));
}

TEST_CASE("stairs hold a value until the next", "[svg]") {
  const std::string svg =
      line_chart({.series = {{.points = {{0, 0}, {5, 0}, {10, 2}}, .is_stairs = true}},
                  .x = {.label = "step"}});
  CHECK(count(svg, "d=\"M48 184H238V184H428V28\"") == 1);
}

TEST_CASE("dots tell their values, and several series are told apart", "[svg]") {
  const std::string svg = line_chart(
      {.series = {{.name = "training", .points = {{1, 10}, {2, 20}}},
                  {.name = "test", .points = {{1, 11}, {2, 19.5}}, .color = 1, .has_dots = true}},
       .x = {.label = "epoch"},
       .y = {.text = [](double value) { return concat(text::rounded(value), " <%>"); }},
       .marks = {
           {1.5, "16 px"}, {std::numeric_limits<double>::quiet_NaN(), "nowhere"}, {7.0, "later"}}});
  check_well(svg);
  const testing::Markup markup = read_markup(svg);
  CHECK(markup.elements.at("circle") == 2);
  CHECK(count(markup.text, "test, epoch 2: 19.5 <%>") == 1);
  CHECK(count(markup.text, "● training● test") == 1);
  CHECK(count(svg, "stroke:var(--chart-1,") == 1);
  CHECK(count(markup.text, "16 px") == 1);
  CHECK(count(markup.text, "nowhere") == 0);
  CHECK(count(markup.text, "later") == 0);
}

TEST_CASE("charts of nothing, of one point, and of what is no number", "[svg]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  using Points = std::vector<Point>;
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    for (const Points& points :
         {Points{}, Points{{1, 0.5}}, Points{{0, 0}}, Points{{1, not_a_number}, {2, infinity}},
          Points{{1, 2}, {not_a_number, 3}, {2, 1e300}, {3, -infinity}, {4, 1}}}) {
      check_well(line_chart({.series = {{.points = points, .has_dots = true}},
                             .x = {.label = "x"},
                             .y = {.label = "y", .scale = scale}}));
    }
  }
  check_well(line_chart({}));
  const std::string one = line_chart({.series = {{.points = {{1, 0.5}}, .has_dots = true}}});
  CHECK(count(one, "<circle cx=\"238\" cy=\"113\"") == 1);
  CHECK(count(one, "d=\"M238 113h0\"") == 1);
}

TEST_CASE("bars are as long as their values", "[svg]") {
  const std::string svg =
      bar_chart({.title = "errors", .bars = {{"a", 10.0}, {"b", 5.0}, {"c", 0.0}}, .color = 2});
  check_well(svg);
  CHECK(count(svg, "width=\"367\"") == 1);
  CHECK(count(svg, "width=\"183.5\"") == 1);
  CHECK(count(svg, "width=\"1\"") == 1);
  CHECK(count(svg, "var(--chart-2,") == 3);
  CHECK(read_markup(svg).text == "errorsa10b5c0\n");
  check_well(bar_chart({}));
  check_well(bar_chart({.bars = {{"x", std::numeric_limits<double>::quiet_NaN()}, {"y", -3.0}}}));
}

TEST_CASE("names are markup no more, and not longer than there is room", "[svg]") {
  const std::string svg = bar_chart({.title = "<b>", .bars = {{"<script>\"&'", 1.0}}});
  check_well(svg);
  CHECK(read_markup(svg).text == "<b><script>\"&'1\n");
  const std::string german = bar_chart({.bars = {{"Übergrößenträgersäulenhöhenprüfgerät", 1.0}}});
  check_well(german);
  CHECK(read_markup(german).text == "Übergrößenträgersäulenhö…1\n");
}

}  // namespace effv2::svg_chart_test
