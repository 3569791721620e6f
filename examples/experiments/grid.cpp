#include "grid.hpp"

#include <chrono>
#include <cstdio>
#include <effv2/core/execution.hpp>
#include <effv2/core/isa.hpp>
#include <effv2/core/text.hpp>
#include <effv2/version.hpp>
#include <fstream>

namespace experiments {

namespace text = effv2::text;

namespace {

struct Run {
  const DataSet* data;
  Configuration configuration;
};

std::vector<Run> runs_to_do(const std::vector<Comparison>& comparisons, std::int64_t seeds,
                            const Journal& journal) {
  std::vector<Run> runs;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    for (const Comparison& comparison : comparisons) {
      const std::size_t count = comparison.configurations.size();
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t turn = (i + static_cast<std::size_t>(seed) - 1) % count;
        Run run{&comparison.data, comparison.configurations[turn]};
        run.configuration.fit.seed = static_cast<std::uint64_t>(seed);
        if (journal.find(run.data->name, run.configuration.name, seed) == nullptr) {
          runs.push_back(std::move(run));
        }
      }
    }
  }
  return runs;
}

// Each configuration is measured once: one set of pictures takes as long as another.
double estimate(const std::vector<Run>& runs, const Stop& stop) {
  Values seconds;
  double sum = 0.0;
  for (const Run& run : runs) {
    const Configuration& configuration = run.configuration;
    if (stop()) break;
    if (seconds.find(configuration.name) == seconds.end()) {
      seconds[configuration.name] = configuration.method.estimate(configuration, *run.data);
    }
    sum += seconds[configuration.name];
  }
  return sum;
}

std::string told(const Values& values) {
  std::string line;
  for (const auto& [name, value] : values) {
    if (name.starts_with("accuracy")) line += name + " " + text::percent(value) + ", ";
  }
  return line + text::duration(values.at("seconds"));
}

}  // namespace

std::vector<Comparison> comparisons(const Experiment& experiment, const Size& size,
                                    std::vector<DataSet> sets) {
  std::vector<Comparison> result;
  for (DataSet& set : sets) {
    std::vector<Configuration> configurations = experiment.configurations(size, set);
    result.push_back({std::move(set), std::move(configurations)});
  }
  return result;
}

std::string machine() {
  std::string name = "unknown processor";
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (!line.starts_with("model name")) continue;
    name = line.substr(line.find(':') + 2);
    break;
  }
  return effv2::concat(name, ", ", effv2::clamp_threads(0), " threads, ", EFFV2_ISA_NAME);
}

Common common_of(const std::vector<Comparison>& comparisons) {
  Common common = {{"version", EFFV2_VERSION_STRING}, {"machine", machine()}};
  for (const auto& [data, configurations] : comparisons) {
    for (const Configuration& configuration : configurations) {
      common.emplace_back(data.name + ", " + configuration.name, text_of(configuration, data));
    }
  }
  return common;
}

bool run(const std::vector<Comparison>& comparisons, std::int64_t seeds, Journal& journal,
         const Session& session) {
  const std::vector<Run> runs = runs_to_do(comparisons, seeds, journal);
  if (runs.empty()) return true;
  if (!journal.records().empty()) std::printf("some runs are done already\n");
  std::printf("%zu runs to do ... ", runs.size());
  std::fflush(stdout);
  const double seconds = estimate(runs, session.stop);
  if (session.stop()) return false;
  std::printf("about %s\n", text::duration(seconds).c_str());
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [data, configuration] = runs[i];
    if (session.stop()) return false;
    std::printf("%3zu/%zu  %s, %s, seed %d: ", i + 1, runs.size(), data->name.c_str(),
                configuration.name.c_str(), static_cast<int>(configuration.fit.seed));
    std::fflush(stdout);
    const std::optional<Values> values = configuration.method.run(configuration, *data, session);
    if (!values) return false;
    journal.append({data->name, configuration.name,
                    static_cast<std::int64_t>(configuration.fit.seed), *values});
    const std::chrono::duration<double> gone = std::chrono::steady_clock::now() - begin;
    const double left =
        gone.count() / static_cast<double>(i + 1) * static_cast<double>(runs.size() - i - 1);
    std::printf("%s; %s left\n", told(*values).c_str(), text::duration(left).c_str());
    std::fflush(stdout);
  }
  return true;
}

}  // namespace experiments
