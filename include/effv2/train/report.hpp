// The report of a run: one page that holds everything itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "../core/atomic_file.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"
#include "../data/dataset.hpp"
#include "../version.hpp"
#include "html.hpp"
#include "report_answers.hpp"
#include "report_course.hpp"
#include "report_network.hpp"
#include "run_record.hpp"

namespace effv2::inline EFFV2_ISA::train {

namespace detail {

// The time of training, as far as the record knows.
inline double seconds_of(const RunRecord& record) {
  const double steps = record.steps.empty() ? 0.0 : record.steps.back().seconds;
  return record.epochs.empty() ? steps : std::max(steps, record.epochs.back().seconds);
}

// How far it came, in a sentence.
inline std::string lead(const RunRecord& record) {
  const auto counted = [](std::int64_t count, const char* what) {
    return concat(text::grouped(count), ' ', what, count == 1 ? "" : "s");
  };
  std::string text = counted(record.steps_done, "step");
  const auto epochs = static_cast<std::int64_t>(record.epochs.size());
  if (epochs > 0) text += ", " + counted(epochs, "epoch");
  text += concat(", ", text::duration(seconds_of(record)), " of training.");
  if (record.steps_done < record.total_steps) {
    text +=
        concat(" The run ended early: it was to have ", counted(record.total_steps, "step"), ".");
  }
  return text;
}

// The figures that everybody looks for first.
inline std::string headline(const RunRecord& record, const data::Dataset& test) {
  std::string figures;
  const auto add = [&figures](const char* kind, const std::string& name, const std::string& value) {
    figures += html::element("div", kind,
                             concat(html::element("dt", "", text::escaped(name)),
                                    html::element("dd", "", text::escaped(value))));
  };
  const ConfusionMatrix& matrix = record.evaluation.confusion;
  if (test.size() > 0) {
    add("main",
        concat("test accuracy: ", text::grouped(matrix.correct()), " of ",
               text::grouped(matrix.total()), " pictures"),
        text::percent(matrix.accuracy()));
    add("", "misread", text::grouped(matrix.total() - matrix.correct()));
    add("", "test loss", text::fixed(record.evaluation.loss, 4));
  } else if (!record.epochs.empty()) {
    add("main", "training accuracy of the last epoch; there is no test set",
        text::percent(record.epochs.back().accuracy));
  }
  if (!record.steps.empty()) {
    add("", "training time", text::duration(seconds_of(record)));
    add("", "images/s", text::rounded(record.steps.back().images_per_second, 4));
  }
  if (record.summary.parameters > 0) {
    add("", "parameters", text::in_short(static_cast<double>(record.summary.parameters)));
    add("", "multiply-adds per picture",
        text::in_short(static_cast<double>(record.summary.multiply_adds)));
  }
  return html::element("dl", "figures", figures) + "\n";
}

// "name value..." in each line.
inline html::Facts lines_of(std::string_view text) {
  html::Facts facts;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t space = line.find(' ');
    if (line.empty()) continue;
    facts.emplace_back(line.substr(0, space),
                       space == line.npos ? std::string_view() : line.substr(space + 1));
  }
  return facts;
}

inline std::string environment_section(const RunRecord& record) {
  std::string content = html::facts(record.facts);
  if (!record.configuration.empty()) {
    content += html::element("h3", "", "Options") + html::facts(lines_of(record.configuration));
  }
  return html::section("Environment and options",
                       "The same options on the same instruction set give the same bits, on any "
                       "number of threads.",
                       content);
}

}  // namespace detail

/// The page. `test` is what `record.evaluation` is of; it may be empty.
inline std::string html_report(const RunRecord& record, const data::Dataset& test) {
  check_evaluation(record.evaluation, test);
  std::string content =
      concat("<header><p class=\"over\">Training report</p><h1>", text::escaped(record.title),
             "</h1><p class=\"lead\">", text::escaped(detail::lead(record)), "</p>\n",
             detail::headline(record, test), "</header>\n");
  content += curves_section(record);
  content += schedule_section(record);
  content += confusion_section(record.evaluation, test);
  content += errors_section(record.evaluation, test);
  content += network_section(record.summary);
  content += detail::environment_section(record);
  content += html::element("footer", "", "Made by effv2 " EFFV2_VERSION_STRING ".") + "\n";
  return html::page(record.title, detail::answers_style, content);
}

/// Throws Error(io) where it cannot be written.
inline void write_report(const std::string& path, const RunRecord& record,
                         const data::Dataset& test) {
  write_file(path, html_report(record, test));
}

}  // namespace effv2::inline EFFV2_ISA::train
