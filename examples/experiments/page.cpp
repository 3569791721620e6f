#include "page.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <effv2/core/atomic_file.hpp>
#include <effv2/core/error.hpp>
#include <effv2/core/text.hpp>
#include <nlohmann/json.hpp>

#include "chart.hpp"
#include "results.hpp"
#include "statistics.hpp"

namespace experiments {

using effv2::concat;
using Json = nlohmann::ordered_json;
namespace text = effv2::text;

namespace {

std::string signed_points(double part) {
  return concat(part < 0.0 ? "-" : "+", text::fixed(100.0 * std::abs(part), 2));
}

// " (2 of 3)" where only some of the runs have a value.
std::string count_of_finite(const Numbers& values) {
  const auto count = std::count_if(values.begin(), values.end(),
                                   [](double value) { return std::isfinite(value); });
  const auto all = static_cast<std::ptrdiff_t>(values.size());
  return count == 0 || count == all ? "" : concat(" (", count, " of ", all, ")");
}

// Whether any run on this set has a value for it.
bool has_values(const Results& results, const Column& column) {
  for (const Configuration& configuration : results.configurations()) {
    if (std::isfinite(median_of_finite(results.values(configuration.name, column.key))))
      return true;
  }
  return false;
}

std::string cell(const Column& column, const Numbers& values) {
  if (!std::isfinite(median_of_finite(values))) return std::string(text::no_number);
  switch (column.show) {
    case Show::accuracy:
      return concat(text::fixed(100.0 * mean(values), 2), " ± ",
                    text::fixed(100.0 * deviation(values), 2));
    case Show::reward:
      return concat(text::fixed(mean(values), 4), " ± ", text::fixed(deviation(values), 4));
    case Show::count:
      return text::in_short(median_of_finite(values));
    case Show::number:
      return text::rounded(median_of_finite(values), 3) + count_of_finite(values);
    case Show::time_ratio:
      return text::fixed(median_of_finite(values), 2);
  }
  return {};
}

std::string told(const Claim& claim, const Finding& finding) {
  if (!std::isfinite(finding.value)) return std::string(text::no_number);
  const std::string verdict = concat("**", name_of(finding.verdict), "**");
  if (claim.kind == Claim::Kind::ratio) {
    return concat(verdict, " (", text::fixed(finding.value, 2), ")");
  }
  const bool has_noise = std::isfinite(finding.noise);
  return concat(verdict, " (", signed_points(finding.value),
                has_noise ? concat(" ± ", text::fixed(100.0 * finding.noise, 2)) : "", ")");
}

std::string row_of(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

std::string rule_below(std::size_t columns) {
  std::string rule = "|---|";
  for (std::size_t i = 1; i < columns; ++i) rule += "---:|";
  return rule + "\n";
}

std::string claims_table(const Experiment& experiment, const std::vector<Results>& all) {
  std::vector<std::string> heads = {"claim"};
  for (const Results& results : all) heads.push_back(results.data().name);
  std::string table = row_of(heads) + rule_below(heads.size());
  for (const Claim& claim : experiment.claims) {
    std::vector<std::string> cells = {claim.text};
    for (const Results& results : all) cells.push_back(told(claim, results.find(claim)));
    table += row_of(cells);
  }
  return table;
}

std::string values_table(const Experiment& experiment, const Results& results) {
  std::vector<std::string> heads = {"configuration"};
  std::vector<Column> columns;
  for (const Column& column : experiment.columns) {
    if (!has_values(results, column)) continue;
    columns.push_back(column);
    heads.push_back(column.heading);
  }
  std::string table = row_of(heads) + rule_below(heads.size());
  for (const Configuration& configuration : results.configurations()) {
    std::vector<std::string> cells = {configuration.name};
    for (const Column& column : columns) {
      cells.push_back(cell(column, results.shown(configuration.name, column)));
    }
    table += row_of(cells);
  }
  return table;
}

constexpr std::string_view how_to_read = R"(
How it was judged: accuracies are of the test pictures, in per cent, mean and deviation over the
seeds. Nothing is chosen by the test pictures. A difference is **seen** if it is larger than
t s sqrt(sum c^2 / n), the bound that stands behind the ±: s is the deviation of runs that differ in
their seed alone, pooled over all configurations of the set (one picture at least), n the number of
seeds, c what each mean counts in the difference, t Student's for 95 of 100 cases. It is **not
seen** if it is as far on the other side, and else **within the noise**. Where the claim is "not
less accurate", 0.3 points are granted. Rewards are judged alike, in hundredths, with the scatter of
the same reward alone. A ratio of times is seen if it is below 1 with every seed, of three at least,
and not seen if it is above 1 with every seed; shown is the median over the seeds. Configurations
took turns, so that a ratio is of runs that were made one soon after the other.
)";

std::string markdown(const Experiment& experiment, const Size& size,
                     const std::vector<Results>& all, const Origin& origin) {
  const effv2::train::FitOptions& fit = all[0].configurations()[0].fit;
  std::string page = concat("# ", experiment.title, "\n\n");
  if (origin.is_quick) {
    page +=
        "*This was a `--quick` run, which shows that the program works. No figure means "
        "anything.*\n\n";
  }
  page += concat("**The paper:** ", experiment.paper, "\n\n**Here:** ", experiment.here, " ",
                 size.epochs, " epochs of ", text::grouped(all[0].data().training.size()),
                 " pictures each (the first of the set), ", size.seeds, " seeds; AdamW, batch ",
                 fit.batch_size, ", learning rate ", fit.learning_rate,
                 " with warm-up and a cosine to 0, labels smoothed by ", fit.label_smoothing,
                 fit.ema_decay > 0.0 ? ", weights averaged" : "", ".\n\n");
  page += claims_table(experiment, all) +
          concat("\n![", experiment.title, "](", experiment.name, ".svg)\n");
  for (const Results& results : all) {
    page += concat("\n## ", results.data().name, "\n\n", values_table(experiment, results), "\n",
                   text::grouped(results.data().test.size()), " test pictures.\n");
  }
  page += how_to_read;
  if (!experiment.watches_tests) page += "Every run meets the test pictures once, at its end.\n";
  page += concat("\nAll runs: [", experiment.name, ".jsonl](", experiment.name,
                 ".jsonl); this page's figures: [", experiment.name, ".json](", experiment.name,
                 ".json).\n\nMachine: ", origin.machine, ".\n\n```sh\n", origin.command, "\n```\n");
  return page;
}

// NaN is nothing in JSON.
Json json_of(const Numbers& values) {
  Json list = Json::array();
  for (const double value : values) {
    list.push_back(std::isfinite(value) ? Json(value) : Json());
  }
  return list;
}

Json json_of(const Experiment& experiment, const Results& results) {
  Json configurations = Json::array(), claims = Json::array();
  for (const Configuration& configuration : results.configurations()) {
    Json entry = {{"name", configuration.name}};
    for (const Column& column : experiment.columns) {
      const Numbers values = results.shown(configuration.name, column);
      const bool is_ratio = column.show == Show::time_ratio;
      entry[is_ratio ? column.key + "_ratio" : column.key] = {
          {"mean", json_of(Numbers{mean(values)})[0]},
          {"deviation", json_of(Numbers{deviation(values)})[0]},
          {"median", json_of(Numbers{median_of_finite(values)})[0]},
          {"values", json_of(values)}};
    }
    configurations.push_back(std::move(entry));
  }
  for (const Claim& claim : experiment.claims) {
    const Finding finding = results.find(claim);
    claims.push_back({{"claim", claim.text},
                      {"verdict", name_of(finding.verdict)},
                      {"value", json_of(Numbers{finding.value})[0]},
                      {"noise", json_of(Numbers{finding.noise})[0]},
                      {"granted", claim.margin}});
  }
  return {{"name", results.data().name},
          {"training_images", results.data().training.size()},
          {"test_images", results.data().test.size()},
          {"configurations", std::move(configurations)},
          {"claims", std::move(claims)}};
}

std::string json_text(const Experiment& experiment, const Size& size,
                      const std::vector<Results>& all, const Origin& origin) {
  Json data = Json::array();
  for (const Results& results : all) data.push_back(json_of(experiment, results));
  return Json{{"experiment", experiment.name}, {"title", experiment.title},
              {"quick", origin.is_quick},      {"epochs", size.epochs},
              {"seeds", size.seeds},           {"machine", origin.machine},
              {"command", origin.command},     {"data", std::move(data)}}
             .dump(2) +
         "\n";
}

// The accuracies in the left panel, the charted column in the right one.
DotChart chart_of(const Experiment& experiment, const Results& results) {
  DotChart chart{.title = results.data().name};
  chart.axes.push_back({.label = "accuracy, %"});
  const Column* other = nullptr;
  int accuracies = 0;
  for (const Column& column : experiment.columns) {
    if (column.is_charted) other = &column;
    accuracies += column.show == Show::accuracy ? 1 : 0;
  }
  if (other != nullptr) chart.axes.push_back({.label = other->heading});
  for (const Configuration& configuration : results.configurations()) {
    for (const Column& column : experiment.columns) {
      if (column.show != Show::accuracy) continue;
      DotRow row{configuration.name + (accuracies > 1 ? ", " + column.heading : ""), {}};
      Numbers runs = results.values(configuration.name, column.key);
      for (double& run : runs) run *= 100.0;
      row.panels.push_back({runs, mean(runs), deviation(runs)});
      if (other != nullptr) {
        const Numbers beside = results.shown(configuration.name, *other);
        row.panels.push_back({beside, median_of_finite(beside)});
      }
      chart.rows.push_back(std::move(row));
    }
  }
  return chart;
}

}  // namespace

void write_pages(const std::string& folder, const Experiment& experiment, const Size& size,
                 const std::vector<Comparison>& comparisons, const Journal& journal,
                 const Origin& origin) {
  std::vector<Results> all;
  std::vector<DotChart> charts;
  for (const Comparison& comparison : comparisons) {
    all.emplace_back(experiment, comparison, size.seeds, journal);
    charts.push_back(chart_of(experiment, all.back()));
  }
  const std::string path = folder + "/" + experiment.name;
  effv2::write_file(path + ".svg", svg_of(charts));
  effv2::write_file(path + ".json", json_text(experiment, size, all, origin));
  effv2::write_file(path + ".md", markdown(experiment, size, all, origin));
}

}  // namespace experiments
