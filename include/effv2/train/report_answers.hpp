// The parts of a report that tell what the network said of the test set: who is taken for whom, and
// the pictures it misread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../data/dataset.hpp"
#include "../data/resize.hpp"
#include "../io/png.hpp"
#include "html.hpp"
#include "metrics.hpp"
#include "svg_chart.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Throws unless the evaluation is of this data set, which may be empty.
inline void check_evaluation(const Evaluation& evaluation, const data::Dataset& test) {
  const std::size_t size = test.labels.size();
  EFFV2_CHECK(evaluation.predictions.size() == size && evaluation.confidences.size() == size &&
                  evaluation.confusion.total() == test.size() &&
                  (size == 0 || evaluation.confusion.classes() == test.classes),
              ErrorCode::shape_mismatch, "[report] expected an evaluation of ", test.size(),
              " images of ", test.classes, " classes, got ", evaluation.predictions.size(),
              " answers with ", evaluation.confidences.size(), " probabilities, of ",
              evaluation.confusion.classes(), " classes");
  if (size > 0) test.validate();
  for (const std::int32_t said : evaluation.predictions) {
    EFFV2_CHECK(said >= 0 && said < test.classes, ErrorCode::invalid_argument,
                "[report] expected answers in [0, ", test.classes, "), got ", said);
  }
}

/// The images that were misread, the most confident errors first.
inline std::vector<std::int64_t> misread(const Evaluation& evaluation, const data::Dataset& test) {
  std::vector<std::int64_t> wrong;
  for (std::int64_t i = 0; i < test.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (evaluation.predictions[at] != test.labels[at]) wrong.push_back(i);
  }
  const auto confidence = [&](std::int64_t i) {
    const float value = evaluation.confidences[static_cast<std::size_t>(i)];
    return std::isfinite(value) ? value : -1.0F;
  };
  std::sort(wrong.begin(), wrong.end(), [&](std::int64_t a, std::int64_t b) {
    return std::pair(-confidence(a), a) < std::pair(-confidence(b), b);
  });
  return wrong;
}

/// A class that was taken for another one, and how often.
struct Confusion {
  std::int64_t truth = 0, said = 0, count = 0;
};

/// The most frequent first; of equals the one of the lower class.
inline std::vector<Confusion> confusions(const ConfusionMatrix& matrix) {
  std::vector<Confusion> found;
  for (std::int64_t truth = 0; truth < matrix.classes(); ++truth) {
    for (std::int64_t said = 0; said < matrix.classes(); ++said) {
      const std::int64_t count = matrix.count(truth, said);
      if (truth != said && count > 0) found.push_back({truth, said, count});
    }
  }
  std::sort(found.begin(), found.end(), [](const Confusion& a, const Confusion& b) {
    return std::tuple(-a.count, a.truth, a.said) < std::tuple(-b.count, b.truth, b.said);
  });
  return found;
}

namespace detail {

inline constexpr std::string_view answers_style = R"css(
.beside { display: flex; flex-wrap: wrap; gap: 1.8rem 2.2rem; align-items: flex-start; }
.beside > * { min-width: 0; }
.beside .bars { flex: 1 1 17rem; max-width: 28rem; }
.scroll .matrix { width: auto; min-width: 0; border-collapse: separate; border-spacing: 2px; line-height: 1; }
.matrix td, .matrix th { padding: 0 .2rem; border: 0; text-align: center; vertical-align: middle; white-space: nowrap; }
.matrix td { min-width: 2.6rem; height: 2.2rem; border-radius: 4px; }
.matrix th { font-size: .78rem; }
.matrix th.left { text-align: right; padding-right: .5rem; }
.matrix th.tall { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: .4rem 0; }
.matrix td.none { color: var(--soft); opacity: .5; }
.matrix td.rate { color: var(--soft); font-size: .78rem; }
@media (max-width: 640px) {
  .matrix td { min-width: 1.62rem; height: 1.8rem; font-size: .68rem; padding: 0; }
  .matrix td.rate { font-size: .66rem; }
}
.pixels { display: block; image-rendering: pixelated; width: 100%; height: auto; border-radius: 4px; }
.errors { display: grid; grid-template-columns: repeat(auto-fill, minmax(clamp(6.2rem, 12vw, 7.2rem), 1fr)); gap: 1.5rem 1.1rem; }
.errors figure, .thumbs figure { margin: 0; }
.errors .pixels { max-width: 7rem; }
.errors figcaption { font-size: .84rem; line-height: 1.35; margin-top: .5rem; max-width: 7rem; }
.errors b { font-weight: 600; }
.said { color: rgb(var(--bad)); }
.small { color: var(--soft); font-size: .76rem; }
.gauge { height: 3px; border-radius: 2px; background: var(--line); margin: .35rem 0 .2rem; }
.gauge i { display: block; height: 100%; border-radius: 2px; background: rgb(var(--bad)); }
.thumbs { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.5rem, 1fr)); gap: 1rem .8rem; }
.thumbs .pixels { max-width: 3.5rem; }
.thumbs figcaption { font-size: .74rem; line-height: 1.3; margin-top: .3rem; max-width: 3.5rem; }
)css";

// Numbers with a shade that says how much they are; the diagonal has a colour of its own.
inline std::string confusion_table(const ConfusionMatrix& matrix, const data::Dataset& test) {
  const std::vector<Confusion> wrong = confusions(matrix);
  const double most = wrong.empty() ? 1.0 : static_cast<double>(wrong.front().count);
  const std::int64_t classes = matrix.classes();
  bool is_long = false;
  for (std::int64_t k = 0; k < classes; ++k) is_long |= test.class_name(k).size() > 3;
  const auto cell = [](const char* kind, const std::string& text) {
    return html::element("td", kind, text);
  };

  std::string heading = "<th></th>";
  for (std::int64_t k = 0; k < classes; ++k) {
    heading += html::element("th", is_long ? "tall" : "", text::escaped(test.class_name(k)));
  }
  std::string rows = html::element("tr", "", concat(heading, "<th>found</th>")) + "\n";
  for (std::int64_t truth = 0; truth < classes; ++truth) {
    std::string row = html::element("th", "left", text::escaped(test.class_name(truth)));
    for (std::int64_t said = 0; said < classes; ++said) {
      const std::int64_t count = matrix.count(truth, said);
      if (count == 0) {
        row += cell("none", "·");
        continue;
      }
      const bool is_right = truth == said;
      const double shade =
          is_right ? 0.18 : 0.16 + 0.6 * std::sqrt(static_cast<double>(count) / most);
      row += concat("<td style=\"background:rgb(var(--", is_right ? "good" : "bad", ") / ",
                    text::fixed(shade, 2), ")\">", count, "</td>");
    }
    rows +=
        html::element("tr", "", row + cell("rate", text::fixed(100.0 * matrix.recall(truth), 1))) +
        "\n";
  }
  std::string last = html::element("th", "left", "right");
  for (std::int64_t k = 0; k < classes; ++k) {
    last += cell("rate", text::fixed(100.0 * matrix.precision(k), 1));
  }
  rows += html::element("tr", "", last + "<td></td>");
  return html::element("div", "scroll", html::element("table", "matrix", rows));
}

// Of the classes with errors, those with the most.
inline std::string error_bars(const ConfusionMatrix& matrix, const data::Dataset& test) {
  constexpr std::size_t most = 12;
  std::vector<std::pair<std::int64_t, std::int64_t>> errors;  // how many, negative; of which class
  for (std::int64_t k = 0; k < matrix.classes(); ++k) {
    const std::int64_t wrong = matrix.support(k) - matrix.count(k, k);
    if (wrong > 0) errors.emplace_back(-wrong, k);
  }
  std::sort(errors.begin(), errors.end());
  svg::BarChart chart{.title = "Misread pictures of each class", .width = 340.0};
  for (const auto& [wrong, k] : errors) {
    if (chart.bars.size() == most) break;
    chart.bars.push_back({test.class_name(k), static_cast<double>(-wrong)});
  }
  chart.text = [](double value) { return text::grouped(std::llround(value)); };
  chart.color = 1;
  return html::element(
      "div", "bars", html::element("h3", "", "Misread, by what they are") + svg::bar_chart(chart));
}

inline std::string confusion_list(const std::vector<Confusion>& wrong, const data::Dataset& test) {
  constexpr std::size_t most = 10;
  html::Facts list;
  for (std::size_t i = 0; i < std::min(most, wrong.size()); ++i) {
    list.emplace_back(
        concat(test.class_name(wrong[i].truth), " read as ", test.class_name(wrong[i].said)),
        text::grouped(wrong[i].count));
  }
  return html::element("h3", "", "Most often taken for another") + html::facts(list);
}

// As the picture is, but no side of more pixels than `largest`.
inline std::string image(const data::Dataset& test, std::int64_t index, std::int64_t largest,
                         std::string_view words) {
  const View<const std::uint8_t> source = test.image(index);
  const std::int64_t channels = test.channels() == 3 ? 3 : 1;  // of others the first
  Tensor<std::uint8_t> picture({test.height(), test.width(), channels});
  for (std::int64_t i = 0; i < picture.size(); ++i) {
    picture[i] = source[i / channels * test.channels() + i % channels];
  }
  const std::int64_t side = std::max(test.height(), test.width());
  if (side > largest) {
    const auto scaled = [&](std::int64_t length) {
      return std::max<std::int64_t>(1, length * largest / side);
    };
    picture = data::resize(picture, scaled(test.height()), scaled(test.width()));
  }
  return concat("<img class=\"pixels\" width=\"", picture.extent(1), "\" height=\"",
                picture.extent(0), "\" alt=\"", text::escaped(words), "\" title=\"",
                text::escaped(words), "\" src=\"", io::png_data_uri(picture), "\" />");
}

// A misread picture with what it is and what was said of it.
inline std::string error_figure(const Evaluation& evaluation, const data::Dataset& test,
                                std::int64_t index, bool is_large) {
  const auto at = static_cast<std::size_t>(index);
  const std::string truth = test.class_name(test.labels[at]);
  const std::string said = test.class_name(evaluation.predictions[at]);
  const auto confidence = static_cast<double>(evaluation.confidences[at]);
  const std::string sure = text::fixed(100.0 * confidence, 1) + " %";
  const std::string words = concat("#", index, " is ", truth, ", read as ", said, " with ", sure);
  const std::string answer = concat(text::escaped(truth), is_large ? " read as " : " → ",
                                    html::element("b", "said", text::escaped(said)));
  std::string caption = answer;
  if (is_large) {
    caption += concat("<div class=\"gauge\"><i style=\"width:", text::fixed(100.0 * confidence, 1),
                      "%\"></i></div>");
    caption += html::element("span", "small", concat(sure, ", #", index));
  } else {
    caption += concat("<br />", html::element("span", "small", sure));
  }
  return html::element("figure", "",
                       image(test, index, is_large ? 112 : 56, words) +
                           html::element("figcaption", "", caption)) +
         "\n";
}

}  // namespace detail

/// Who is taken for whom.
inline std::string confusion_section(const Evaluation& evaluation, const data::Dataset& test) {
  constexpr std::int64_t most_classes = 30;  // a table of more is a carpet
  const ConfusionMatrix& matrix = evaluation.confusion;
  if (test.size() == 0) {
    return html::section("Confusion", "", "<p>There is no test set to tell of.</p>");
  }
  const std::vector<Confusion> wrong = confusions(matrix);
  std::string content, note;
  if (matrix.classes() <= most_classes) {
    content = detail::confusion_table(matrix, test);
    note =
        "A row for what a picture is, a column for what was said. At the end of a row how many per "
        "cent of the class were found, at the end of a column how many of those called so are.";
  }
  if (!wrong.empty()) content += detail::error_bars(matrix, test);
  content = html::element("div", "beside", content);
  if (!wrong.empty()) content += detail::confusion_list(wrong, test);
  return html::section("Confusion", note, content);
}

/// The most confident errors, large, then the rest of them, as many as make sense in one page.
inline std::string errors_section(const Evaluation& evaluation, const data::Dataset& test) {
  constexpr std::size_t large = 12, most = 96;
  const std::vector<std::int64_t> wrong = misread(evaluation, test);
  if (wrong.empty()) {
    return html::section("Errors", "",
                         test.size() == 0 ? "<p>There is no test set to tell of.</p>"
                                          : "<p>Every test picture was read correctly.</p>");
  }
  std::string first, rest;
  for (std::size_t i = 0; i < std::min(wrong.size(), most); ++i) {
    (i < large ? first : rest) += detail::error_figure(evaluation, test, wrong[i], i < large);
  }
  std::string content =
      html::element("h3", "", "The most confident") + html::element("div", "errors", first);
  if (!rest.empty()) {
    content += html::element(
        "h3", "", wrong.size() > most ? concat("The next ", most - large) : "The others");
    content += html::element("div", "thumbs", rest);
  }
  std::string note = concat(
      text::grouped(static_cast<std::int64_t>(wrong.size())), " of ", text::grouped(test.size()),
      " test pictures were misread. The number is the probability of what was said.");
  if (wrong.size() > most) note += concat(" The ", most, " most confident are here.");
  return html::section("Errors", note, content);
}

}  // namespace effv2::inline EFFV2_ISA::train
