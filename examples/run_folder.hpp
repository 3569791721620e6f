// What mnist_train leaves in its folder beside the network, read back for a report: run.json says
// what the run is, metrics.jsonl how it went.
#pragma once

#include <cmath>
#include <cstdint>
#include <effv2/core/appended_file.hpp>
#include <effv2/core/atomic_file.hpp>
#include <effv2/core/error.hpp>
#include <effv2/train/run_record.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

/// Keeps other programs out of a run's folder, which is made if need be. Nothing for "".
inline std::optional<effv2::AppendedFile> lock_folder(const std::string& directory) {
  if (directory.empty()) return {};
  std::error_code error;  // what cannot be made cannot be locked either
  std::filesystem::create_directories(directory, error);
  return std::optional<effv2::AppendedFile>(std::in_place, directory + "/.lock");
}

/// A run without its course, and what its evaluation is of.
struct RunFile {
  effv2::train::RunRecord record;
  std::string data;                    // directory, absolute
  std::int64_t hold_out = 0;           // training images in the place of the test images
  effv2::PictureSize image_size = {};  // of the evaluation; by default the data's
};

/// A number for a square, "64x96" else.
inline nlohmann::json json_of(effv2::PictureSize size) {
  if (size.height == size.width) return size.height;
  return size.to_string();
}
inline effv2::PictureSize size_in(const nlohmann::json& object) {
  const nlohmann::json& size = object.at("image_size");
  if (size.is_number()) return size.get<std::int64_t>();
  return effv2::PictureSize::parse(size.get<std::string>());
}

inline void write_run(const std::string& directory, const RunFile& run) {
  nlohmann::json stages = nlohmann::json::array();
  for (const effv2::train::StageRecord& s : run.record.stages) {
    stages.push_back({{"image_size", json_of(s.image_size)},
                      {"augmentation", s.augmentation},
                      {"magnitude", s.magnitude},
                      {"mixup", s.mixup},
                      {"dropout", s.dropout}});
  }
  const nlohmann::ordered_json file = {
      {"title", run.record.title}, {"total_steps", run.record.total_steps},
      {"facts", run.record.facts}, {"configuration", run.record.configuration},
      {"stages", stages},          {"data", run.data},
      {"hold_out", run.hold_out},  {"image_size", json_of(run.image_size)}};
  // Names of folders may be anything: what is no UTF-8 is replaced.
  effv2::write_file(directory + "/run.json",
                    file.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

/// Notes a line of metrics.jsonl; one that a crash has cut off is passed over.
inline void note_line(effv2::train::RunRecord& record, const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  const auto number = [&json](const char* key) {
    const auto found = json.find(key);
    if (found == json.end()) return 0.0;
    return found->is_number() ? found->get<double>() : std::nan("");  // null
  };
  const auto whole = [&json](const char* key) { return json.value(key, std::int64_t{0}); };
  if (json.value("kind", "") == "step") {
    effv2::train::StepReport r{.step = whole("step"),
                               .total_steps = record.total_steps,
                               .epoch = whole("epoch"),
                               .image_size = whole("image_size")};
    r.loss = number("loss"), r.accuracy = number("train_accuracy");
    r.learning_rate = number("learning_rate"), r.gradient_norm = number("gradient_norm");
    r.images_per_second = number("images_per_s"), r.seconds = number("seconds");
    record.note(r);
  } else if (json.value("kind", "") == "epoch") {
    record.note(effv2::train::EpochRecord{.epoch = whole("epoch"),
                                          .step = whole("step"),
                                          .loss = number("loss"),
                                          .accuracy = number("train_accuracy"),
                                          .seconds = number("seconds"),
                                          .is_evaluated = json.contains("test_accuracy"),
                                          .test_loss = number("test_loss"),
                                          .test_accuracy = number("test_accuracy")});
  }
}

/// run.json and metrics.jsonl of a run's folder, whoever wrote them: one process or several, each
/// having resumed what the one before left. The network and the evaluation are not in it.
inline RunFile read_run(const std::string& directory) {
  const std::string path = directory + "/run.json";
  std::ifstream text(path);
  EFFV2_CHECK(text.is_open(), effv2::ErrorCode::io, "cannot open ", path,
              ": expected the folder of a run, as mnist_train --out leaves it");
  RunFile run;
  try {
    const nlohmann::json file = nlohmann::json::parse(text);
    effv2::train::RunRecord& record = run.record;
    file.at("title").get_to(record.title), file.at("total_steps").get_to(record.total_steps);
    file.at("facts").get_to(record.facts);
    file.at("configuration").get_to(record.configuration);
    for (const nlohmann::json& s : file.at("stages")) {
      record.stages.push_back(
          {size_in(s), s.at("augmentation"), s.at("magnitude"), s.at("mixup"), s.at("dropout")});
    }
    file.at("data").get_to(run.data), file.at("hold_out").get_to(run.hold_out);
    run.image_size = size_in(file);
    std::ifstream metrics(directory + "/metrics.jsonl");
    for (std::string line; std::getline(metrics, line);) note_line(record, line);
  } catch (const nlohmann::json::exception& error) {
    effv2::throw_error(effv2::ErrorCode::format, path,
                       ", or metrics.jsonl beside it: ", error.what());
  }
  return run;
}
