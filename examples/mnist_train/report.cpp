#include "report.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <ctime>
#include <effv2/core/atomic_file.hpp>
#include <effv2/core/error.hpp>
#include <effv2/core/text.hpp>
#include <effv2/train/report.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "../run_folder.hpp"

namespace train = effv2::train;

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char text[512];
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

// JSON has no word for what is not a number but null.
std::string json_of(double value) { return std::isfinite(value) ? format("%.6g", value) : "null"; }

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDOUT_FILENO) == 1) {}

void Progress::clear_line() {
  if (terminal_) std::fputs("\r\x1b[K", stdout);
}

void Progress::resumed(std::int64_t step) {
  if (!quiet_) std::printf("resumed after step %lld\n", static_cast<long long>(step));
}

void Progress::stopping() {
  if (quiet_) return;
  clear_line();
  std::printf("stopping; the test images are looked at first\n");
  std::fflush(stdout);
}

void Progress::stopped(std::int64_t step, bool has_checkpoint) {
  if (quiet_) return;
  clear_line();
  std::printf("stopped after step %lld%s\n", static_cast<long long>(step),
              has_checkpoint ? "; --resume goes on from there" : "");
}

void Progress::skipped(std::int64_t steps) {
  std::fprintf(stderr, "warning: %lld steps were not finite and changed nothing\n",
               static_cast<long long>(steps));
}

void Progress::step(const train::StepReport& r) {
  const bool last = r.step == r.total_steps;
  if (quiet_ || (r.seconds < next_ && !last && r.step > 1)) return;
  next_ = r.seconds + (terminal_ ? 0.2 : 10.0);
  const double left =
      r.seconds / static_cast<double>(r.step) * static_cast<double>(r.total_steps - r.step);
  clear_line();
  std::printf("epoch %lld  step %lld/%lld  loss %.4f  accuracy %5.1f %%  %.0f images/s  %s left",
              static_cast<long long>(r.epoch + 1), static_cast<long long>(r.step),
              static_cast<long long>(r.total_steps), r.loss, 100.0 * r.accuracy,
              r.images_per_second, effv2::text::duration(left).c_str());
  if (!terminal_) std::fputc('\n', stdout);
  std::fflush(stdout);
}

void Progress::epoch(const train::EpochReport& r) {
  if (quiet_) return;
  clear_line();
  std::printf("epoch %lld done: loss %.4f  training accuracy %.2f %%",
              static_cast<long long>(r.epoch + 1), r.loss, 100.0 * r.accuracy);
  if (r.evaluation != nullptr) {
    std::printf("  test accuracy %.2f %%", 100.0 * r.evaluation->accuracy());
  }
  std::printf("  (%s)\n", effv2::text::duration(r.seconds).c_str());
  std::fflush(stdout);
}

namespace {

// The whole records of a file that belong to what was done by then.
std::string records_until(const std::string& path, const Training::Position& position) {
  std::ifstream file(path);
  std::string kept;
  for (std::string line; std::getline(file, line) && !file.eof();) {
    char kind[8];
    long long step = 0, epoch = 0;
    if (std::sscanf(line.c_str(), "{\"kind\": \"%7[a-z]\", \"step\": %lld, \"epoch\": %lld", kind,
                    &step, &epoch) != 3) {
      continue;
    }
    const bool is_epoch = std::string(kind) == "epoch";
    if (step <= position.step && (!is_epoch || epoch < position.epoch)) kept += line + '\n';
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(const std::string& directory,
                         const std::optional<Training::Position>& resumed) {
  if (directory.empty()) return;
  const std::string path = directory + "/metrics.jsonl";
  if (resumed) {
    effv2::write_file(path, records_until(path, *resumed));
  }
  file_.reset(std::fopen(path.c_str(), resumed ? "a" : "w"));
  if (file_ == nullptr) effv2::throw_io(path, "write", errno);
}

void MetricsFile::write(const std::string& record) {
  if (file_ == nullptr) return;
  if (std::fputs(record.c_str(), file_.get()) >= 0 && std::fflush(file_.get()) == 0) return;
  std::perror("\nwarning: metrics.jsonl ends here");
  file_.reset();
}

void MetricsFile::step(const train::StepReport& r) {
  constexpr std::int64_t interval = 10;
  if (file_ == nullptr || (r.step % interval != 0 && r.step != r.total_steps)) return;
  if (r.skipped) return;  // it has no loss that JSON could tell
  write(
      format("{\"kind\": \"step\", \"step\": %lld, \"epoch\": %lld, \"loss\": %.6g, "
             "\"train_accuracy\": %.6g, \"learning_rate\": %.6g, \"gradient_norm\": %.6g, "
             "\"image_size\": %lld, \"images_per_s\": %.6g, \"seconds\": %.6g}\n",
             static_cast<long long>(r.step), static_cast<long long>(r.epoch), r.loss, r.accuracy,
             r.learning_rate, r.gradient_norm, static_cast<long long>(r.image_size),
             r.images_per_second, r.seconds));
}

void MetricsFile::epoch(const train::EpochReport& r) {
  std::string record = format(
      "{\"kind\": \"epoch\", \"step\": %lld, \"epoch\": %lld, \"loss\": %s, "
      "\"train_accuracy\": %s, \"seconds\": %.6g",
      static_cast<long long>(r.step), static_cast<long long>(r.epoch), json_of(r.loss).c_str(),
      json_of(r.accuracy).c_str(), r.seconds);
  if (r.evaluation != nullptr) {
    record += format(", \"test_accuracy\": %.6g, \"test_loss\": %.6g", r.evaluation->accuracy(),
                     r.evaluation->loss);
  }
  write(record + "}\n");
}

// When the run was begun and resumed before.
train::RunRecord::Facts RunFolder::earlier_times() const try {
  train::RunRecord::Facts facts = read_run(options_.out).record.facts;
  std::erase_if(facts, [](const auto& fact) {
    return fact.first != "begun" && !fact.first.starts_with("resumed after");
  });
  return facts;
} catch (const effv2::Error&) {
  return {};  // a run without a record has checkpoints all the same
}

void RunFolder::describe(train::RunRecord record) const {
  if (options_.out.empty()) return;
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  if (resumed_) {
    for (auto& fact : earlier_times()) record.facts.push_back(std::move(fact));
    record.facts.emplace_back(effv2::concat("resumed after step ", resumed_->step), date);
  } else {
    record.facts.emplace_back("begun", date);
  }
  write_run(options_.out, {std::move(record), std::filesystem::absolute(data_.directory).string(),
                           options_.hold_out, options_.size});
}

void RunFolder::report(const effv2::nn::Summary& summary, const train::FitResult& result) const {
  if (options_.out.empty()) return;
  try {
    train::RunRecord record = read_run(options_.out).record;
    record.summary = summary, record.evaluation = result.evaluation;
    record.steps_done = result.steps;  // more than metrics.jsonl has, perhaps
    train::write_report(options_.out + "/report.html", record, data_.test);
  } catch (const effv2::Error& error) {
    std::fprintf(stderr, "warning: no report: %s\n", error.what());
  }
}

namespace {

void print_classes(const train::ConfusionMatrix& confusion, const effv2::data::Dataset& test) {
  std::printf("\n%-12s %8s %8s %10s %8s\n", "class", "samples", "correct", "precision", "recall");
  for (std::int64_t k = 0; k < confusion.classes(); ++k) {
    std::printf("%-12s %8lld %8lld %8.2f %% %6.2f %%\n", test.class_name(k).c_str(),
                static_cast<long long>(confusion.support(k)),
                static_cast<long long>(confusion.count(k, k)), 100.0 * confusion.precision(k),
                100.0 * confusion.recall(k));
  }
  std::printf("\nconfusion (row: truth, column: said)\n     ");
  for (std::int64_t k = 0; k < confusion.classes(); ++k) {
    std::printf("%6lld", static_cast<long long>(k));
  }
  std::printf("\n");
  for (std::int64_t truth = 0; truth < confusion.classes(); ++truth) {
    std::printf("%5lld", static_cast<long long>(truth));
    for (std::int64_t said = 0; said < confusion.classes(); ++said) {
      const std::int64_t count = confusion.count(truth, said);
      if (count == 0) {
        std::printf("     .");
      } else {
        std::printf("%6lld", static_cast<long long>(count));
      }
    }
    std::printf("\n");
  }
}

// Some digits side by side; a character cell shows two pixels, one above the other.
void print_digits(const train::Evaluation& evaluation, const effv2::data::Dataset& test) {
  constexpr std::size_t most = 4;
  std::vector<std::int64_t> wrong;
  for (std::int64_t i = 0; i < test.size() && wrong.size() < most; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (evaluation.predictions[at] != test.labels[at]) wrong.push_back(i);
  }
  if (wrong.empty()) return;
  std::printf("\nmisread\n");
  for (std::int64_t y = 0; y < test.height(); y += 2) {
    for (const std::int64_t i : wrong) {
      const auto image = test.image(i);
      for (std::int64_t x = 0; x < test.width(); ++x) {
        const bool upper = image[(y * test.width() + x) * test.channels()] > 96;
        const bool lower =
            y + 1 < test.height() && image[((y + 1) * test.width() + x) * test.channels()] > 96;
        std::fputs(upper ? (lower ? "█" : "▀") : (lower ? "▄" : " "), stdout);
      }
      std::fputs("  ", stdout);
    }
    std::printf("\n");
  }
  for (const std::int64_t i : wrong) {
    const std::string caption = format("#%lld is %d, read as %d", static_cast<long long>(i),
                                       test.labels[static_cast<std::size_t>(i)],
                                       evaluation.predictions[static_cast<std::size_t>(i)]);
    std::printf("%-*s", static_cast<int>(test.width() + 2), caption.c_str());
  }
  std::printf("\n");
}

}  // namespace

void print_evaluation(const train::Evaluation& evaluation, const effv2::data::Dataset& test) {
  print_classes(evaluation.confusion, test);
  print_digits(evaluation, test);
  std::printf("\n");
}

std::string accuracy_line(const train::Evaluation& evaluation) {
  return format("test accuracy %.2f %% (%lld/%lld)", 100.0 * evaluation.accuracy(),
                static_cast<long long>(evaluation.confusion.correct()),
                static_cast<long long>(evaluation.confusion.total()));
}
