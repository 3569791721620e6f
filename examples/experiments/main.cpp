// Reruns what the EfficientNetV2 paper claims at a size that two cores can train.
//
//   experiments progressive      trains, and writes build/experiments/progressive.{md,json,svg}
//   experiments --help           the other experiments, and everything else
//
// Every finished run is kept in NAME.jsonl beside them: the same command goes on after it was
// stopped.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <effv2/core/error.hpp>
#include <effv2/core/processor.hpp>
#include <effv2/version.hpp>
#include <exception>
#include <filesystem>

#include "../stop_signal.hpp"
#include "data_sets.hpp"
#include "experiment.hpp"
#include "grid.hpp"
#include "journal.hpp"
#include "page.hpp"

namespace {

struct Options {
  std::string name;
  experiments::Places places;
  std::string out = EFFV2_SOURCE_DIR "/build/experiments";
  experiments::Size size = {.epochs = 0, .images = -1, .seeds = 0};  // 0, -1: the experiment's
  bool is_quick = false;
};

// False after having printed the help or the version.
bool parse(int argc, char** argv, Options& o, const std::vector<experiments::Experiment>& all) {
  CLI::App app("Reruns what the EfficientNetV2 paper claims, at a size that two cores can train.",
               "experiments");
  app.set_version_flag("--version", EFFV2_VERSION_STRING);
  std::string names, footer = "\nExperiments:\n";
  for (const experiments::Experiment& experiment : all) {
    names += (names.empty() ? "" : ",") + experiment.name;
    footer += "  " + experiment.name + std::string(16 - experiment.name.size(), ' ') +
              experiment.title + "\n";
  }
  app.footer(footer);
  app.add_option("NAME", o.name, "one of " + names)->required();
  app.add_option("--mnist", o.places.mnist, "folder with MNIST's IDX files, plain or .gz");
  app.add_option("--fashion", o.places.fashion, "the same for Fashion-MNIST");
  app.add_option("--out", o.out, "folder for NAME.md, .json, .svg and .jsonl")
      ->capture_default_str();
  app.add_option("--seeds", o.size.seeds, "runs of each configuration on each set")
      ->check(CLI::Range(1, 1000));
  app.add_option("--epochs", o.size.epochs)->check(CLI::Range(1, 100000));
  app.add_option("--images", o.size.images, "to learn from; 0: all there are")
      ->check(CLI::Range(0, 1 << 30));
  app.add_option("--candidates", o.size.candidates, "of each search")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("--quick", o.is_quick, "next to nothing of everything, to see that it works");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request), false;
  }
  return true;
}

// How much is trained: the experiment's own, next to nothing, or what the user says.
experiments::Size size_of(const Options& o, const experiments::Experiment& experiment) {
  experiments::Size size = experiment.size;
  if (o.is_quick) size = {.epochs = 1, .images = 512, .seeds = 2, .candidates = 4};
  if (o.size.epochs > 0) size.epochs = o.size.epochs;
  if (o.size.images >= 0) size.images = o.size.images;
  if (o.size.seeds > 0) size.seeds = o.size.seeds;
  if (o.size.candidates > 0) size.candidates = o.size.candidates;
  return size;
}

// As it can be typed again.
std::string command_of(int argc, char** argv) {
  std::string command = "scripts/experiment";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  return command;
}

int run(int argc, char** argv) {
  const std::vector<experiments::Experiment> all = experiments::all_experiments();
  Options o;
  if (!parse(argc, argv, o, all)) return 0;
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const auto& experiment) { return experiment.name == o.name; });
  EFFV2_CHECK(found != all.end(), effv2::ErrorCode::invalid_argument, "no experiment ", o.name,
              " (see --help)");
  const experiments::Size size = size_of(o, *found);
  const std::vector<experiments::Comparison> comparisons = experiments::comparisons(
      *found, size, experiments::load_data_sets(o.places, size.images, o.is_quick ? 500 : 0));
  for (const auto& [data, configurations] : comparisons) {
    std::printf("%s: %d pictures to learn from, %d to be tested with, from %s\n", data.name.c_str(),
                static_cast<int>(data.training.size()), static_cast<int>(data.test.size()),
                data.directory.c_str());
  }
  if (comparisons.size() == 1) std::printf("Fashion-MNIST was not found: --fashion says where\n");

  std::filesystem::create_directories(o.out);
  experiments::Journal journal(o.out + "/" + o.name + ".jsonl", o.name,
                               experiments::common_of(comparisons));
  watch_stop_signals();
  const experiments::Session session{[] { return stop_signal != 0; }, o.out};
  if (!experiments::run(comparisons, size.seeds, journal, session)) {
    std::printf("\nstopped with %zu runs in %s/%s.jsonl; the same command goes on from there\n",
                journal.records().size(), o.out.c_str(), o.name.c_str());
    return killed_by_signal + stop_signal;
  }
  experiments::write_pages(o.out, *found, size, comparisons, journal,
                           {experiments::machine(), command_of(argc, argv), o.is_quick});
  std::printf("written: %s/%s.md, .json and .svg\n", o.out.c_str(), o.name.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    effv2::require_processor();
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "experiments: %s\n", error.what());
    return usage_error;
  }
}
