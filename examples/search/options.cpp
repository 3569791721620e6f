#include "options.hpp"

#include <CLI/CLI.hpp>
#include <effv2/version.hpp>

#include "../seed_check.hpp"

namespace {

void add_flags(CLI::App& app, Options& o) {
  app.add_option("--out", o.out,
                 "folder for journal.jsonl and winner.hpp; a search that is there "
                 "is gone on with")
      ->required();
  app.add_option(
      "--data", o.data,
      "folder with IDX files like MNIST's; default: $EFFV2_MNIST_DIR, data/mnist, or the sample");
  app.add_option("--searcher", o.searcher, "random or evolution");
  app.add_option("--candidates", o.candidates, "in all; a later call may ask for more")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--population", o.population, "of evolution")->check(CLI::Range(1, 1000000));
  app.add_option("--tournament", o.tournament, "of evolution")->check(CLI::Range(1, 1000000));
  app.add_option("--backbone", o.backbone,
                 "whose channels and strides are kept, and what step "
                 "times and parameters are compared with");
  app.add_option("--layers", o.layers, "so many more or fewer in each stage than the backbone has")
      ->check(CLI::Range(0, 100));
  app.add_option("--step-times", o.step_times,
                 "take the layers' times of another search's journal instead of measuring them");
  app.add_option("--images", o.images, "to train each candidate with")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--validation", o.validation, "other training images, to compare candidates by")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--size", o.size, "pixels")->check(CLI::Range(1, 4096));
  app.add_option("--stem-stride", o.stem_stride)->check(CLI::Range(1, 2));
  app.add_option("--drop-path", o.drop_path)->check(CLI::Range(0.0, 0.999));
  app.add_option("--epochs", o.epochs, "of each candidate")->check(CLI::Range(1, 100000));
  app.add_option("--batch", o.batch)->check(CLI::Range(1, 1 << 20));
  app.add_option("--lr", o.learning_rate)->check(CLI::PositiveNumber);
  app.add_option("--seed", o.seed)->check(seed_check());
  app.add_option("--threads", o.threads, "0: all cores")->check(CLI::Range(0, 256));
  app.add_option("--show", o.show, "so many of the best in the table at the end")
      ->check(CLI::Range(0, 1000000));
}

}  // namespace

bool parse_command_line(int argc, char** argv, Options& options) {
  CLI::App app("Searches for a network that is accurate, fast to train and small.", "search");
  app.option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", EFFV2_VERSION_STRING);
  add_flags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    app.exit(request);
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError{error.what()};
  }
  if (options.searcher != "random" && options.searcher != "evolution") {
    throw UsageError{"--searcher is random or evolution, not " + options.searcher};
  }
  return true;
}
