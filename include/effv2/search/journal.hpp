// What a search has found out, a line for each candidate, on the disk as soon as it is known.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/appended_file.hpp"
#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"
#include "layer_times.hpp"
#include "reward.hpp"
#include "space.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// A line of the journal: one candidate and what became of it.
struct Record {
  std::int64_t index = 0;  // from 0
  Candidate candidate;
  Measurement measurement;
  double predicted_step_time = 1.0;  // as a multiple of the reference's
  double reward = 0.0;               // by the predicted step time
  double seconds = 0.0;              // that the evaluation took

  bool is_valid() const {
    const Measurement& m = measurement;
    const auto positive = [](double value) { return value > 0.0 && std::isfinite(value); };
    return m.accuracy >= 0.0 && m.accuracy <= 1.0 && m.parameters > 0 && m.multiply_adds >= 0 &&
           positive(predicted_step_time) && std::isfinite(reward) &&
           (m.step_time == 0.0 || positive(m.step_time)) && (seconds == 0.0 || positive(seconds));
  }
};

/// The record of the largest reward, the first of equals. There must be one.
inline const Record& winner_of(std::span<const Record> records) {
  EFFV2_CHECK(!records.empty(), ErrorCode::invalid_argument, "[journal] no candidate has won yet");
  return *std::max_element(records.begin(), records.end(),
                           [](const Record& a, const Record& b) { return a.reward < b.reward; });
}

/// All that a journal says. As JSON, first {"format":...,"configuration":...,"layer_times":{...}},
/// then a line for each record. Only whole lines count.
struct JournalContents {
  std::string configuration;
  LayerTimes layer_times;
  std::vector<Record> records;
};

namespace detail {

inline constexpr std::string_view journal_begins = "{\"format\":\"effv2-search-1\",";

// f(name, value) for the members of a line, in order; those that are measured come last.
template <class R, class F>
void for_each_member(R& record, F&& f) {
  f("index", record.index), f("candidate", record.candidate), f("seed", record.measurement.seed);
  f("accuracy", record.measurement.accuracy), f("parameters", record.measurement.parameters);
  f("multiply_adds", record.measurement.multiply_adds);
  f("predicted_step_time", record.predicted_step_time), f("reward", record.reward);
  f("step_time", record.measurement.step_time), f("seconds", record.seconds);
}

inline std::string to_line(const Record& record) {
  std::string line;
  for_each_member(record, [&](const char* name, const auto& value) {
    line += concat(line.empty() ? "{" : ",", '"', name, "\":");
    if constexpr (requires { value.key(); }) {
      text::append_json_string(line, value.key());
    } else {
      line += concat(value);
    }
  });
  return line + "}\n";
}

inline std::string first_line(const std::string& configuration, const LayerTimes& times) {
  std::string line = concat(journal_begins, "\"configuration\":");
  text::append_json_string(line, configuration);
  std::string_view before = ",\"layer_times\":{";
  for (const auto& [key, seconds] : times) {
    line += before;
    text::append_json_string(line, key);
    line += concat(':', seconds);
    before = ",";
  }
  return line + (times.empty() ? ",\"layer_times\":{}}\n" : "}}\n");
}

// Reads one line as it is written above. It may be lax: who reads a line writes it again and
// compares, and so accepts nothing but what this library wrote.
class LineReader {
 public:
  LineReader(std::string_view line, std::int64_t number, const std::string& file)
      : rest_(line), number_(number), file_(file) {}

  [[noreturn]] void fail() const {
    throw_error(ErrorCode::format, "[journal] ", file_, ", line ", number_,
                ", is none that a search has written");
  }
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!skip(text)) fail();
  }
  template <class Number>
  Number number() {
    Number value{};
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  // What append_json_string writes.
  std::string string() {
    std::string value;
    for (expect("\""); !skip("\"");) {
      int code = 0;
      if (skip("\\u")) {
        const auto [end, error] = std::from_chars(
            rest_.data(), rest_.data() + std::min<std::size_t>(4, rest_.size()), code, 16);
        if (error != std::errc{} || end != rest_.data() + 4) fail();
        rest_.remove_prefix(4);
      } else {
        skip("\\");
        if (rest_.empty()) fail();
        code = static_cast<unsigned char>(rest_[0]);
        rest_.remove_prefix(1);
      }
      value += static_cast<char>(code);
    }
    if (!text::is_utf8(value)) fail();
    return value;
  }

 private:
  std::string_view rest_;
  std::int64_t number_;
  const std::string& file_;
};

inline Record parse_record(std::string_view line, LineReader& reader) {
  Record record;
  std::string_view before = "{\"";
  for_each_member(record, [&](const char* name, auto& value) {
    reader.expect(before), reader.expect(name), reader.expect("\":");
    using Value = std::remove_reference_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, Candidate>) {
      const std::string key = reader.string();
      try {
        value = Candidate::parse(key);
      } catch (const Error&) {
        reader.fail();  // which says where
      }
    } else {
      value = reader.template number<Value>();
    }
    before = ",\"";
  });
  if (!record.is_valid() || to_line(record) != line) reader.fail();
  return record;
}

inline void parse_first_line(JournalContents& contents, std::string_view line, LineReader& reader) {
  reader.expect(journal_begins), reader.expect("\"configuration\":");
  contents.configuration = reader.string();
  reader.expect(",\"layer_times\":{");
  while (!reader.skip("}")) {
    reader.skip(",");
    std::string key = reader.string();
    reader.expect(":");
    const auto seconds = reader.number<double>();
    if (!(seconds >= 0.0 && std::isfinite(seconds))) reader.fail();
    contents.layer_times[std::move(key)] = seconds;
  }
  if (first_line(contents.configuration, contents.layer_times) != line) reader.fail();
}

}  // namespace detail

/// What the whole lines of a journal say, and how many bytes they take. A last line without an end
/// is what a crash has left. A text that is no journal's beginning is Error(format); of a journal
/// whose first line is not whole there is nothing.
inline std::pair<JournalContents, std::int64_t> parse_journal(std::string_view text,
                                                              const std::string& file) {
  JournalContents contents;
  std::size_t begin = 0;
  for (std::int64_t number = 1;; ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == text.npos) break;
    const std::string_view line = text.substr(begin, end + 1 - begin);
    detail::LineReader reader(line, number, file);
    if (number == 1) {
      detail::parse_first_line(contents, line, reader);
    } else {
      contents.records.push_back(detail::parse_record(line, reader));
      if (contents.records.back().index != number - 2) reader.fail();
    }
    begin = end + 1;
  }
  const std::string_view start = text.substr(0, detail::journal_begins.size());
  EFFV2_CHECK(begin > 0 || detail::journal_begins.starts_with(start), ErrorCode::format,
              "[journal] ", file, " is no journal of a search");
  return {std::move(contents), static_cast<std::int64_t>(begin)};
}

/// What a journal says, without touching it.
inline JournalContents read_journal(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return parse_journal({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path).first;
}

/// The journal of a search under way.
class Journal {
 public:
  /// Opens a journal, or begins one. A new one gets the times of layers that `measure` returns; one
  /// that is there keeps its own, so that a search that is resumed decides by the numbers that it
  /// began with. Error(invalid_argument) for a journal of another configuration, with the lines
  /// that differ; nothing is changed then.
  Journal(const std::string& path, const std::string& configuration,
          const std::function<LayerTimes()>& measure)
      : file_(path) {
    const std::vector<std::uint8_t> bytes = read_file(path);
    auto [contents, size] =
        parse_journal({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
    if (size > 0) {
      const std::string& theirs = contents.configuration;
      EFFV2_CHECK(theirs == configuration, ErrorCode::invalid_argument, "[journal] ", path,
                  " is of another search",
                  text::missing_lines(theirs, configuration, "the journal has: ") +
                      text::missing_lines(configuration, theirs, "this search has: "));
      contents_ = std::move(contents);
      file_.truncate(size);
    } else {
      contents_ = {configuration, measure(), {}};
      file_.truncate(0);
      file_.append(detail::first_line(contents_.configuration, contents_.layer_times));
    }
  }

  const std::string& path() const { return file_.path(); }
  const std::string& configuration() const { return contents_.configuration; }
  const LayerTimes& layer_times() const { return contents_.layer_times; }
  const std::vector<Record>& records() const { return contents_.records; }

  /// Adds the next record; it is on the disk when this returns.
  void append(Record record) {
    record.index = static_cast<std::int64_t>(contents_.records.size());
    EFFV2_CHECK(record.is_valid(), ErrorCode::invalid_argument,
                "[journal] a record out of bounds: ", detail::to_line(record));
    file_.append(detail::to_line(record));
    contents_.records.push_back(std::move(record));
  }

 private:
  AppendedFile file_;
  JournalContents contents_;
};

}  // namespace effv2::inline EFFV2_ISA::search
