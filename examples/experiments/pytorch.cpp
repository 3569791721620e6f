// The time to an accuracy: this library against PyTorch.
#include <sys/wait.h>

#include <cstdio>
#include <effv2/core/error.hpp>
#include <effv2/models/tables.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;
using Json = nlohmann::json;

constexpr int tests_per_epoch = 4;

// Per mille. A level is reached by the first test that finds as much.
constexpr int levels[] = {850, 880, 900, 980, 990, 994};
constexpr bool is_of(int level, const DataSet& data) {
  return (level >= 980) == (data.name == "MNIST");
}
std::string key_of(int level) { return concat("seconds_to_", level / 10.0); }

// Notes the first time that a level is reached.
void note(Values& values, const DataSet& data, double seconds, double accuracy) {
  for (const int level : levels) {
    if (is_of(level, data) && accuracy >= level / 1000.0)
      values.try_emplace(key_of(level), seconds);
  }
}

std::int64_t test_every(const Configuration& configuration, const DataSet& data) {
  const std::int64_t steps = data.training.size() / configuration.fit.batch_size;
  return std::max<std::int64_t>(1, steps / tests_per_epoch);
}

std::optional<Values> run_ours(const Configuration& configuration, const DataSet& data,
                               const Session& session) {
  Values times;
  std::optional<Values> values = train_and_watch(
      configuration, data, session, test_every(configuration, data),
      [&](double seconds, double accuracy) { note(times, data, seconds, accuracy); });
  if (values) values->merge(times);
  return values;
}

// As one word of a shell's command.
std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// The peer, with its lines of JSON one by one.
class Peer {
 public:
  Peer(const Configuration& configuration, const DataSet& data, const std::string& more)
      : pipe_(::popen(command(configuration, data, more).c_str(), "r")) {
    EFFV2_CHECK(pipe_ != nullptr, ErrorCode::io, "[pytorch] no process for PyTorch");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (pipe_ != nullptr) ::pclose(pipe_);
  }

  // Null at the end.
  Json next() {
    char line[1024];
    if (std::fgets(line, sizeof line, pipe_) == nullptr) return {};
    return Json::parse(line);
  }

  bool succeeded() { return ::pclose(std::exchange(pipe_, nullptr)) == 0; }

 private:
  static std::string command(const Configuration& configuration, const DataSet& data,
                             const std::string& more) {
    const std::string script = EFFV2_SOURCE_DIR "/benchmarks/peers/pytorch_mnist.py";
    return concat("/usr/bin/python3 ", quoted(script), " ", quoted(data.directory), " --epochs ",
                  configuration.fit.epochs, " --images ", data.training.size(), " --tests ",
                  data.test.size(), " --seed ", configuration.fit.seed, " --mean ", data.mean,
                  " --deviation ", data.deviation, more);
  }

  std::FILE* pipe_;
};

std::optional<Values> run_peer(const Configuration& configuration, const DataSet& data,
                               const Session& session) {
  Peer peer(configuration, data, concat(" --test-every ", test_every(configuration, data)));
  Values values;
  for (Json line = peer.next(); !line.is_null(); line = peer.next()) {
    if (session.stop()) return {};
    note(values, data, line.at("seconds"), line.at("accuracy"));
    if (!line.contains("done")) continue;
    for (const char* name : {"accuracy", "loss", "seconds", "steps", "step_ms", "parameters"}) {
      values[name] = line.at(name);
    }
  }
  const bool succeeded = peer.succeeded();
  if (session.stop()) return {};
  EFFV2_CHECK(succeeded && values.contains("accuracy"), ErrorCode::unsupported,
              "[pytorch] PyTorch did not train; it needs the packages python3-torch and "
              "python3-torchvision (scripts/bootstrap --peers)");
  return values;
}

// A picture's forward pass is about a third of its training.
double with_tests(double seconds, const DataSet& data) {
  return seconds * (1.0 + tests_per_epoch * static_cast<double>(data.test.size()) /
                              (3.0 * static_cast<double>(data.training.size())));
}

double estimate_ours(const Configuration& configuration, const DataSet& data) {
  return with_tests(estimated_seconds(configuration, data), data);
}

double estimate_peer(const Configuration& configuration, const DataSet& data) {
  Peer peer(configuration, data, " --steps 10");
  double seconds = 0.0;
  for (Json line = peer.next(); !line.is_null(); line = peer.next()) {
    if (line.contains("done")) {
      seconds = 1e-3 * line.at("step_ms").get<double>() * line.at("total_steps").get<double>();
    }
  }
  return with_tests(seconds, data);
}

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  // The peer's script has the same numbers.
  Configuration ours = plain("effv2", models::find_model("tiny"), size, data);
  ours.fit.ema_decay = 0.0;
  ours.fit.data.augmentation.shift = 2.0;
  Configuration theirs = ours;
  theirs.name = "PyTorch";
  ours.method = {run_ours, estimate_ours, "effv2, tested as it goes"};
  theirs.method = {run_peer, estimate_peer, "PyTorch, tested as it goes"};
  return {theirs, ours};
}

}  // namespace

Experiment pytorch() {
  Experiment experiment{
      .name = "pytorch",
      .title = "The time to an accuracy, and PyTorch's",
      .paper = "says nothing of it.",
      .here =
          "the net `tiny` with this library and with PyTorch: the same table, start, schedule, "
          "regularisation and shifts by up to 2 pixels, other random numbers "
          "(`benchmarks/peers/pytorch_mnist.py`, which says how PyTorch is made fast). Seconds "
          "are of the training loop; tests, four in an epoch, are not counted. A time is that "
          "of the first test with so much. Without other work on the machine: PyTorch's "
          "threads wait for each other.",
      .size = {.epochs = 6, .images = 0, .seeds = 3},
      .baseline = "PyTorch",
      .columns = {{"parameters", "parameters", Show::count},
                  {"accuracy, %", "accuracy", Show::accuracy},
                  {"step, ms", "step_ms"},
                  {"training, s", "seconds"},
                  {"time ratio", "seconds", Show::time_ratio, true}},
      .claims = {as_accurate("effv2 is not less accurate than PyTorch", "effv2", "PyTorch"),
                 smaller("effv2's step is faster", "step_ms", "effv2", "PyTorch")},
      .watches_tests = true,
      .configurations = configurations};
  for (const int level : levels) {
    const std::string text = concat("to ", level / 10.0, " %");
    experiment.columns.push_back({text + ", s", key_of(level)});
    experiment.claims.push_back(
        smaller("effv2 is faster " + text, key_of(level), "effv2", "PyTorch"));
  }
  return experiment;
}

}  // namespace experiments
