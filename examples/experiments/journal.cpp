#include "journal.hpp"

#include <effv2/core/error.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace experiments {

using Json = nlohmann::ordered_json;
using effv2::ErrorCode;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The first line that two texts differ in: "epochs 20" and "epochs 30".
std::pair<std::string, std::string> difference(const std::string& a, const std::string& b) {
  std::istringstream first(a), second(b);
  std::string x, y;
  do {
    if (!std::getline(first, x)) x.clear();
    if (!std::getline(second, y)) y.clear();
  } while (x == y && (first || second));
  return {x, y};
}

Json line_of(const std::string& experiment, const Record& record) {
  Json line = {{"experiment", experiment},
               {"data", record.data},
               {"configuration", record.configuration},
               {"seed", record.seed}};
  for (const auto& [name, value] : record.values) line[name] = value;
  return line;
}

Record record_of(const Json& line) {
  Record record{line.at("data"), line.at("configuration"), line.at("seed"), {}};
  for (const auto& [name, value] : line.items()) {
    if (value.is_number() && name != "seed") record.values[name] = value;
  }
  return record;
}

}  // namespace

Journal::Journal(const std::string& path, const std::string& experiment, const Common& common)
    : file_(path), experiment_(experiment) {
  std::string text = content_of(path);
  const std::size_t end = text.rfind('\n');
  text.resize(end == text.npos ? 0 : end + 1);
  try {
    read(text, common);
  } catch (const Json::exception& error) {
    effv2::throw_error(ErrorCode::format, "[journal] ", path, " is no journal: ", error.what());
  }
  file_.truncate(static_cast<std::int64_t>(text.size()));  // only now: it may be somebody else's
  if (text.empty()) {
    Json settings;
    for (const auto& [name, value] : common) settings[name] = value;
    file_.append(Json{{"experiment", experiment}, {"settings", settings}}.dump() + "\n");
  }
}

void Journal::read(const std::string& text, const Common& common) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line)) return;
  const Json first = Json::parse(line);
  const std::string found = first.at("experiment");
  EFFV2_CHECK(found == experiment_, ErrorCode::invalid_argument, "[journal] ", file_.path(),
              " is of the experiment ", found, ", not of ", experiment_);
  for (const auto& [name, value] : common) {
    const std::string other = first.at("settings").value(name, "");
    const auto [there, here] = difference(other, value);
    EFFV2_CHECK(other == value, ErrorCode::invalid_argument, "[journal] ", file_.path(),
                " has runs of other settings: ", name, ": \"", there, "\" there, \"", here,
                "\" now; another --out begins anew");
  }
  EFFV2_CHECK(first.at("settings").size() == common.size(), ErrorCode::invalid_argument,
              "[journal] ", file_.path(), " has runs of other settings; another --out begins anew");
  while (std::getline(lines, line)) records_.push_back(record_of(Json::parse(line)));
}

const Record* Journal::find(const std::string& data, const std::string& configuration,
                            std::int64_t seed) const {
  for (const Record& record : records_) {
    if (record.data == data && record.configuration == configuration && record.seed == seed) {
      return &record;
    }
  }
  return nullptr;
}

void Journal::append(Record record) {
  file_.append(line_of(experiment_, record).dump() + "\n");
  records_.push_back(std::move(record));
}

}  // namespace experiments
