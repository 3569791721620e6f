// Checkpoints: all that a training run has to remember, in one safetensors file.
//
// A run is whatever has these members, train::Trainer for one:
//
//   visit_state(f)      calls f(name, value) for all that changes from step to step: nn::Variable,
//                       Tensor, std::int64_t, double or bool
//   configuration()     a text, a line for each thing in which two runs must agree
//   step(), best_step()
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/atomic_file.hpp"
#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../nn/parameter.hpp"
#include "../version.hpp"
#include "checksum.hpp"
#include "safetensors.hpp"

namespace effv2::inline EFFV2_ISA::io {

namespace detail {

// Adds a run's state to a file; the tensors are borrowed.
struct StateWriter {
  SafetensorsWriter& writer;

  template <class T>
  void operator()(const std::string& name, const nn::Variable<T>& variable) const {
    writer.borrow(name, variable.value());
  }
  template <class T>
  void operator()(const std::string& name, const Tensor<T>& values) const {
    writer.borrow(name, values);
  }
  void operator()(const std::string& name, std::int64_t value) const {
    writer.add<std::int64_t>(name, View<const std::int64_t>(&value, Shape{}), Shape{});
  }
  void operator()(const std::string& name, double value) const {
    writer.add<double>(name, View<const double>(&value, Shape{}), Shape{});
  }
  void operator()(const std::string& name, bool value) const { (*this)(name, std::int64_t{value}); }
};

// Reads a run's state from a file, and gives it to the run when all of it is there.
class StateReader {
 public:
  explicit StateReader(const SafetensorsFile& file) : file_(file) {}

  template <class T>
  void operator()(const std::string& name, nn::Variable<T>& variable) {
    if (auto values = get<T>(name, variable.shape())) {
      changes_.emplace_back([&variable, values] { variable.edit() = std::move(*values); });
    }
  }
  template <class T>
  void operator()(const std::string& name, Tensor<T>& target) {
    if (auto values = get<T>(name, target.shape())) {
      changes_.emplace_back([&target, values] { target = std::move(*values); });
    }
  }
  void operator()(const std::string& name, std::int64_t& target) { number(name, target); }
  void operator()(const std::string& name, double& target) { number(name, target); }
  void operator()(const std::string& name, bool& target) {
    if (const auto value = get<std::int64_t>(name, Shape{})) {
      changes_.emplace_back([&target, is_set = (*value)[0] != 0] { target = is_set; });
    }
  }

  void apply() {
    for (const auto& [name, entry] : file_.entries()) {
      if (!seen_.contains(name)) differences_ += "\n  in the file only: " + name;
    }
    EFFV2_CHECK(differences_.empty(), ErrorCode::shape_mismatch, "[checkpoint] ", file_.name(),
                " is of another network or optimiser", differences_);
    for (const auto& change : changes_) change();
  }

 private:
  template <class T>
  std::shared_ptr<Tensor<T>> get(const std::string& name, const Shape& shape) {
    seen_.insert(name);
    if (!file_.contains(name)) {
      differences_ += "\n  missing: " + name;
      return nullptr;
    }
    auto values = std::make_shared<Tensor<T>>(file_.template get<T>(name));
    if (values->shape() == shape) return values;
    differences_ +=
        concat("\n  of another shape: ", name, ", ", values->shape(), " and not ", shape);
    return nullptr;
  }
  template <class Number>
  void number(const std::string& name, Number& target) {
    if (const auto value = get<Number>(name, Shape{})) {
      changes_.emplace_back([&target, number = (*value)[0]] { target = number; });
    }
  }

  const SafetensorsFile& file_;
  std::set<std::string> seen_;
  std::string differences_;
  std::vector<std::function<void()>> changes_;
};

inline constexpr const char* configuration_key = "effv2.configuration";

// The lines in which two configurations differ.
inline std::string differences(const std::string& a, std::string_view title_of_a,
                               const std::string& b, std::string_view title_of_b) {
  const std::string lines =
      text::missing_lines(a, b, title_of_a) + text::missing_lines(b, a, title_of_b);
  return lines.empty() ? ": the same lines, in another order" : lines;
}

}  // namespace detail

/// Replaces `path` in one step by the run's state as it is now. Throws Error(io) with the old file
/// or the new one in place.
template <class Run>
EFFV2_SETUP void save_checkpoint(const std::string& path, Run& run) {
  SafetensorsWriter writer;
  writer.has_checksum = true;
  writer.metadata = {{"effv2.version", EFFV2_VERSION_STRING},
                     {detail::configuration_key, run.configuration()}};
  run.visit_state(detail::StateWriter{writer});
  writer.write(path);
}

/// Gives a run the state that another one of the same configuration saved: it goes on as that one
/// would have. Throws Error, having changed nothing: `format` for a file that is damaged or no
/// checkpoint, `invalid_argument` for another configuration, `shape_mismatch` for another network.
template <class Run>
EFFV2_SETUP void load_checkpoint(const SafetensorsFile& file, Run& run) {
  const auto configuration = file.metadata().find(detail::configuration_key);
  EFFV2_CHECK(file.has_checksum() && configuration != file.metadata().end(), ErrorCode::format,
              "[checkpoint] ", file.name(), " is no checkpoint");
  const std::string &theirs = configuration->second, ours = run.configuration();
  EFFV2_CHECK(theirs == ours, ErrorCode::invalid_argument, "[checkpoint] ", file.name(),
              " is of another run",
              detail::differences(theirs, "the checkpoint has: ", ours, "this run has: "));
  detail::StateReader reader(file);
  run.visit_state(reader);
  reader.apply();
}
template <class Run>
void load_checkpoint(const std::string& path, Run& run) {
  load_checkpoint(SafetensorsFile::read(path), run);
}

/// A folder that holds the last checkpoints of one run, and the best: the one of the epoch that
/// best_step() ended, if it was saved there and then (in Callbacks::on_epoch).
class CheckpointFolder {
 public:
  /// Nothing is touched before the first call of save or resume. `keep`: how many of the last.
  explicit CheckpointFolder(std::string folder, std::size_t keep = 3)
      : folder_(std::move(folder)), keep_(std::max<std::size_t>(1, keep)) {}

  /// Adds a checkpoint and removes the ones that are not kept any more. Throws Error(io) if that
  /// cannot be done, and Error(invalid_argument) if there are checkpoints of another run (one that
  /// was not resumed; that has other options; that is at an earlier step and did not load() it) or
  /// if the run's configuration has changed since resume(); what was there before is still there.
  template <class Run>
  void save(Run& run) {
    std::string configuration = run.configuration();
    // Else the next process would be refused, which asks before these changes as this one did.
    EFFV2_CHECK(!begun_as_ || *begun_as_ == configuration, ErrorCode::invalid_argument,
                "[checkpoint] the run was changed after resume(); what is changed before it can be "
                "resumed",
                detail::differences(*begun_as_, "resume() saw: ", configuration, "it has now: "));
    const bool is_the_same = configuration_ == configuration && last_step_ <= run.step();
    EFFV2_CHECK(is_the_same || entries().empty(), ErrorCode::invalid_argument, "[checkpoint] ",
                folder_,
                " holds checkpoints of another run or of later steps: resume() or load() one, or "
                "choose another folder");
    create_folder();
    remove_leftovers();
    save_checkpoint(path_of(run.step()), run);
    follow(run, std::move(configuration));
    std::size_t newer = 0;
    const std::vector<Entry> all = entries();
    for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
      // Steps after this one are of an attempt that was given up.
      const bool outlived = entry->step > run.step();
      if (!outlived && (++newer <= keep_ || entry->step == best_step_)) continue;
      std::error_code ignored;
      std::filesystem::remove(entry->path, ignored);  // tried again next time
    }
  }

  /// Loads the newest checkpoint and returns its step, or nothing if the folder has none. A damaged
  /// one is reported to `warn` and the one before is taken; if all are damaged, throws the newest
  /// one's error. Any other error (a different configuration, a file that cannot be read now) is
  /// thrown as it comes.
  template <class Run>
  std::optional<std::int64_t> resume(Run& run, const std::function<void(const Error&)>& warn = {}) {
    remove_leftovers();
    begun_as_ = run.configuration();
    std::optional<Error> newest_error;
    const std::vector<Entry> all = entries();
    for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
      try {
        load(run, entry->path);
        return entry->step;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::format) throw;
        if (warn) warn(error);
        if (!newest_error) newest_error = error;
      }
    }
    if (newest_error) throw *newest_error;
    return {};
  }

  /// Gives the run the checkpoint of a step, best_step() for one. If it goes on from there, its
  /// next save removes those of later steps.
  template <class Run>
  void load(Run& run, std::int64_t step) {
    load(run, path_of(step));
  }

  /// The checkpoints, oldest first.
  std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (const Entry& entry : entries()) paths.push_back(entry.path);
    return paths;
  }

  std::string path_of(std::int64_t step) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 8 ? 8 - digits.size() : 0, '0');
    return concat(folder_, '/', prefix, digits, extension);
  }

 private:
  static constexpr std::string_view prefix = "step-", extension = ".safetensors";
  struct Entry {
    std::int64_t step;
    std::string path;
  };

  template <class Run>
  void load(Run& run, const std::string& path) {
    load_checkpoint(path, run);
    follow(run, run.configuration());
  }

  // A power cut takes nothing away: each folder's name is on the disk as its files' names are.
  void create_folder() const {
    namespace fs = std::filesystem;
    std::vector<fs::path> made;
    std::error_code error;
    for (fs::path path = folder_; !path.empty() && !fs::exists(path, error);
         path = path.parent_path()) {
      made.push_back(path);
    }
    fs::create_directories(folder_, error);
    if (error) throw_io(folder_, "create", error.value());
    for (const fs::path& path : made) effv2::detail::sync_folder_of(path.string());
  }

  // These are the run's checkpoints from now on. A best step that could not be saved does not cost
  // the best of those that were.
  template <class Run>
  void follow(const Run& run, std::string configuration) {
    configuration_ = std::move(configuration);
    last_step_ = run.step();
    std::error_code none;
    const std::int64_t best = run.best_step();
    if (best > 0 && std::filesystem::exists(path_of(best), none)) best_step_ = best;
  }

  // f(name) for every file of the folder.
  template <class F>
  void for_each_name(F&& f) const {
    std::error_code error;
    std::filesystem::directory_iterator entry(folder_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      f(entry->path().filename().string());
    }
    const bool is_missing = error == std::errc::no_such_file_or_directory;
    if (error && !is_missing) throw_io(folder_, "read", error.value());
  }

  std::vector<Entry> entries() const {
    std::vector<Entry> found;
    for_each_name([&](const std::string& name) {
      if (!name.starts_with(prefix) || !name.ends_with(extension)) return;
      const std::string_view digits = std::string_view(name).substr(
          prefix.size(), name.size() - prefix.size() - extension.size());
      const std::optional<std::int64_t> step = text::parse_number<std::int64_t>(digits);
      if (step && *step >= 0) found.push_back({*step, folder_ + '/' + name});
    });
    std::sort(found.begin(), found.end(),
              [](const Entry& a, const Entry& b) { return a.step < b.step; });
    return found;
  }

  // What a program left that died while it saved.
  void remove_leftovers() const {
    for_each_name([&](const std::string& name) {
      if (name.starts_with(prefix)) AtomicFile::remove_leftover(folder_ + '/' + name);
    });
  }

  std::string folder_;
  std::size_t keep_;
  // Of the run whose checkpoints these are, as it was saved or loaded last.
  std::optional<std::string> configuration_, begun_as_;
  std::int64_t last_step_ = 0, best_step_ = 0;
};

}  // namespace effv2::inline EFFV2_ISA::io
