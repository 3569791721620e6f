// The training runs that are done: a file of JSON lines that grows by one with each.
#pragma once

#include <cstdint>
#include <effv2/core/appended_file.hpp>
#include <string>
#include <utility>
#include <vector>

#include "experiment.hpp"

namespace experiments {

struct Record {
  std::string data, configuration;
  std::int64_t seed = 1;
  Values values;
};

/// What all of a journal's runs have in common, by name. Times of two machines are none.
using Common = std::vector<std::pair<std::string, std::string>>;

/// The first line tells what is common, each of the others one run. A line that was cut short is
/// the last and is dropped.
class Journal {
 public:
  /// Opens or creates. Error(invalid_argument) if a journal is there whose runs have other things
  /// in common; Error(format) if it is none.
  Journal(const std::string& path, const std::string& experiment, const Common& common);

  const std::vector<Record>& records() const { return records_; }
  /// Null if that run is not done.
  const Record* find(const std::string& data, const std::string& configuration,
                     std::int64_t seed) const;
  /// On the disk when this returns.
  void append(Record record);

 private:
  void read(const std::string& text, const Common& common);

  effv2::AppendedFile file_;
  std::string experiment_;
  std::vector<Record> records_;
};

}  // namespace experiments
