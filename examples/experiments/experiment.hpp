// What an experiment is: nets and ways to train them, what is told of each, and what is claimed.
#pragma once

#include <cstdint>
#include <effv2/data/dataset.hpp>
#include <effv2/models/block_spec.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/train/fit_options.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace experiments {

/// Pictures to learn from and pictures to be tested with.
struct DataSet {
  std::string name, directory;
  effv2::data::Dataset training, test;
  double mean = 0.0, deviation = 1.0;  // of pixels in [0, 1]
};

/// How much is trained.
struct Size {
  std::int64_t epochs = 0;
  std::int64_t images = 0;  // to learn from; 0: all
  std::int64_t seeds = 3;
  std::int64_t candidates = 0;  // of a search
};

/// What is known of a training run, by name: accuracy, seconds ...
using Values = std::map<std::string, double>;

using Stop = std::function<bool()>;  // whether to end

/// What stands around a run.
struct Session {
  Stop stop;
  std::string folder;  // for what a run leaves besides its values
};

struct Configuration;

/// How runs are made.
struct Method {
  /// A run with the seed in the configuration's options. Nothing if it was stopped.
  std::optional<Values> (*run)(const Configuration&, const DataSet&, const Session&);
  /// About how many seconds it will take, from a few steps.
  double (*estimate)(const Configuration&, const DataSet&);
  std::string_view name;
};

/// Training by this library: train::fit, then one evaluation of the test pictures for each of the
/// sizes. The values are
///   accuracy, loss   of the test pictures; accuracy_S, loss_S if there are sizes S
///   seconds          of the training loop, without evaluation
///   step_ms          the median
///   inference_us     of a picture, in batches
///   training_loss    mean of the last epoch
///   steps, parameters, multiply_adds (of one picture's forward pass)
std::optional<Values> train_and_test(const Configuration& configuration, const DataSet& data,
                                     const Session& session);

/// The same with a test in between after every `test_every` steps, and of the last one too.
using OnTest = std::function<void(double seconds, double accuracy)>;
std::optional<Values> train_and_watch(const Configuration& configuration, const DataSet& data,
                                      const Session& session, std::int64_t test_every,
                                      const OnTest& on_test);

double estimated_seconds(const Configuration& configuration, const DataSet& data);
inline constexpr Method library{train_and_test, estimated_seconds, "effv2"};

/// One of the things that are compared.
struct Configuration {
  std::string name;
  effv2::models::ModelSpec net;
  effv2::models::EfficientNetOptions network = {};
  effv2::train::FitOptions fit = {};
  std::vector<int> sizes = {};  // pixels that the test pictures have; empty: those of `fit`
  std::int64_t candidates = 0;  // of a search for the net, which begins at `net`
  Method method = library;
};

/// All that a configuration's result depends on, a line each.
std::string text_of(const Configuration& configuration, const DataSet& data);

/// A net and how it is trained if an experiment says nothing else: a schedule that ends at 0,
/// smoothed labels, an average of the weights, no augmentation.
Configuration plain(std::string name, const effv2::models::ModelSpec& net, const Size& size,
                    const DataSet& data);

/// How a value is shown. Times are compared with those of the same seed of the baseline.
enum class Show {
  accuracy,    // mean and deviation, in per cent
  reward,      // mean and deviation
  number,      // the median, to three digits
  count,       // in thousands, millions
  time_ratio,  // the median of the ratios to the baseline
};

struct Column {
  std::string heading, key;
  Show show = Show::number;
  bool is_charted = false;  // beside the accuracy
};

/// A value of a configuration, the mean of its runs, and what it counts.
struct Term {
  std::string configuration;
  double factor = 1.0;
  std::string key = "accuracy";
};

/// Something that the runs can confirm or not.
struct Claim {
  enum class Kind {
    difference,  // the sum of the terms and the margin is above 0
    ratio,       // the first term's value is smaller than the second's, with each seed
  };
  std::string text;
  Kind kind = Kind::difference;
  std::vector<Term> terms = {};
  double margin = 0.0;
};

/// a's accuracy is above b's.
Claim more_accurate(const std::string& text, const std::string& a, const std::string& b);
/// a's accuracy is not lower than b's by a margin that nobody would mind.
Claim as_accurate(const std::string& text, const std::string& a, const std::string& b);
/// a's `key` is smaller than b's.
Claim smaller(const std::string& text, const std::string& key, const std::string& a,
              const std::string& b);
inline constexpr double accuracy_margin = 0.003;

struct Experiment {
  std::string name, title;
  std::string paper;     // what the paper claims; Markdown
  std::string here;      // what is done here instead, and what to know when reading the result
  Size size;             // unless the user says another
  std::string baseline;  // the configuration whose times are 1
  std::vector<Column> columns;
  std::vector<Claim> claims;
  bool watches_tests = false;  // whether nets are tested while they are trained
  std::vector<Configuration> (*configurations)(const Size&, const DataSet&);
};

Experiment progressive();
Experiment regularization();
Experiment fused();
Experiment generations();
Experiment fixres();
Experiment searching();
Experiment pytorch();

std::vector<Experiment> all_experiments();

}  // namespace experiments
