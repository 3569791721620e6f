#include <cmath>
#include <effv2/search/journal.hpp>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::journal_test {

using search::Candidate;
using search::Journal;
using search::LayerTimes;
using search::Record;

namespace {

const std::string configuration = "seed 1\nnote \"quoted\" \\ and \x01";
const LayerTimes times = {{"M k3 s1 e4 8-8 7px", 0.00125}, {"stem", 1e-5}};

Record record(const std::string& key, double accuracy) {
  Record r{.candidate = Candidate::parse(key),
           .measurement = {accuracy, 1.25, 1234, 567890, 18446744073709551615U},
           .predicted_step_time = 1.0 / 3.0,
           .reward = 0.987654321,
           .seconds = 12.5};
  return r;
}

LayerTimes measured() { return times; }
LayerTimes not_asked() {
  FAIL("measured again");
  return {};
}

std::string text_of(const std::string& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

std::string sample() {
  const TemporaryFolder folder;
  Journal journal(folder / "journal.jsonl", configuration, measured);
  journal.append(record("F1k3e1-M2k5e6", 0.875));
  journal.append(record("M1k3e4-F3k3e1", 1.0));
  return text_of(folder / "journal.jsonl");
}

std::int64_t whole_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("a journal is lines of JSON, what is measured last", "[journal]") {
  CHECK(sample() ==
        "{\"format\":\"effv2-search-1\",\"configuration\":\"seed 1\\u000anote \\\"quoted\\\" "
        "\\\\ and \\u0001\",\"layer_times\":{\"M k3 s1 e4 8-8 7px\":0.00125,\"stem\":1e-05}}\n"
        "{\"index\":0,\"candidate\":\"F1k3e1-M2k5e6\",\"seed\":18446744073709551615,"
        "\"accuracy\":0.875,\"parameters\":1234,\"multiply_adds\":567890,"
        "\"predicted_step_time\":0.3333333333333333,\"reward\":0.987654321,\"step_time\":1.25,"
        "\"seconds\":12.5}\n"
        "{\"index\":1,\"candidate\":\"M1k3e4-F3k3e1\",\"seed\":18446744073709551615,"
        "\"accuracy\":1,\"parameters\":1234,\"multiply_adds\":567890,"
        "\"predicted_step_time\":0.3333333333333333,\"reward\":0.987654321,\"step_time\":1.25,"
        "\"seconds\":12.5}\n");
}

TEST_CASE("a journal is read back to the bit, and gone on with", "[journal]") {
  const TemporaryFolder folder;
  const std::string path = folder / "journal.jsonl";
  write_file(path, sample());
  {
    Journal journal(path, configuration, not_asked);
    CHECK(journal.layer_times() == times);
    REQUIRE(journal.records().size() == 2);
    const Record& first = journal.records()[0];
    CHECK(first.candidate.key() == "F1k3e1-M2k5e6");
    CHECK(first.predicted_step_time == 1.0 / 3.0);
    CHECK(first.measurement.accuracy == 0.875);
    CHECK(first.measurement.seed == 18446744073709551615U);
    CHECK(journal.records()[1].index == 1);
    CHECK_THROWS_AS(Journal(path, configuration, not_asked), Error);  // in use
    journal.append(record("M1k3e4-F1k3e1", 0.5));
  }
  const search::JournalContents contents = search::read_journal(path);
  CHECK(contents.configuration == configuration);
  CHECK(contents.records.size() == 3);
  CHECK(text_of(path).starts_with(sample()));
}

TEST_CASE("a journal of another search is refused, and stays", "[journal]") {
  const TemporaryFolder folder;
  const std::string path = folder / "journal.jsonl";
  const std::string before = sample() + "{\"index\":2,\"torn";
  write_file(path, before);
  try {
    Journal(path, "seed 2", not_asked);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    const std::string text = error.what();
    CHECK(text.find("the journal has: seed 1") != std::string::npos);
    CHECK(text.find("this search has: seed 2") != std::string::npos);
  }
  CHECK(text_of(path) == before);
}

TEST_CASE("a torn last line is dropped, whatever is left of it", "[journal]") {
  const TemporaryFolder folder;
  const std::string whole = sample();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const std::string path = folder / "journal.jsonl", torn = whole.substr(0, length);
    write_file(path, torn);
    const std::int64_t lines = whole_lines(torn);
    bool asked = false;
    {
      Journal journal(path, configuration, [&] {
        asked = true;
        return times;
      });
      CHECK(static_cast<std::int64_t>(journal.records().size()) ==
            std::max<std::int64_t>(0, lines - 1));
      while (journal.records().size() < 2) {
        journal.append(journal.records().empty() ? record("F1k3e1-M2k5e6", 0.875)
                                                 : record("M1k3e4-F3k3e1", 1.0));
      }
    }
    CHECK(asked == (lines == 0));
    CHECK(text_of(path) == whole);
  }
}

TEST_CASE("every change of a byte is an error, or a journal that is written alike", "[journal]") {
  const std::string whole = sample();
  const std::string name = "changed";
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string text = whole;
      text[place] = static_cast<char>(static_cast<unsigned char>(text[place]) ^ change);
      try {
        const auto [contents, bytes] = search::parse_journal(text, name);
        if (bytes == 0) continue;
        std::string again =
            search::detail::first_line(contents.configuration, contents.layer_times);
        for (const Record& r : contents.records) again += search::detail::to_line(r);
        if (again != text.substr(0, static_cast<std::size_t>(bytes))) {
          FAIL("byte " << place << " ^ " << change);
        }
      } catch (const Error& error) {
        if (error.code() != ErrorCode::format) FAIL(error.what());
      }
    }
  }
}

TEST_CASE("what is no journal is refused, and stays", "[journal]") {
  const TemporaryFolder folder;
  const std::string path = folder / "notes.txt";
  std::string twice = sample();
  twice += twice.substr(twice.find('\n') + 1);  // indices begin again
  std::string infinite = sample();
  infinite.replace(infinite.find("0.00125"), 7, "inf");
  for (const std::string& text : {std::string("some notes"), std::string("some notes\n"),
                                  std::string("\n"), std::string("{\"format\":\"effv2-search-2\","),
                                  sample() + "\n", sample() + "{}\n", twice, infinite}) {
    CAPTURE(text);
    write_file(path, text);
    try {
      Journal(path, configuration, not_asked);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::format);
      CHECK(std::string(error.what()).find("notes.txt") != std::string::npos);
    }
    CHECK(text_of(path) == text);
  }
}

TEST_CASE("a record out of bounds is not written", "[journal]") {
  const TemporaryFolder folder;
  Journal journal(folder / "journal.jsonl", configuration, measured);
  const auto refused = [&](auto&& spoil) {
    Record bad = record("F1k3e1", 0.5);
    spoil(bad);
    CHECK_THROWS_AS(journal.append(bad), Error);
  };
  refused([](Record& r) { r.measurement.accuracy = 1.5; });
  refused([](Record& r) { r.measurement.accuracy = std::nan(""); });
  refused([](Record& r) { r.measurement.parameters = 0; });
  refused([](Record& r) { r.measurement.multiply_adds = -1; });
  refused([](Record& r) { r.measurement.step_time = INFINITY; });
  refused([](Record& r) { r.predicted_step_time = 0.0; });
  refused([](Record& r) { r.reward = std::nan(""); });
  refused([](Record& r) { r.seconds = -1.0; });
  CHECK(journal.records().empty());
  journal.append(record("F1k3e1", 0.5));
  CHECK(whole_lines(text_of(folder / "journal.jsonl")) == 2);
}

TEST_CASE("the winner has the largest reward, the first of equals", "[journal]") {
  std::vector<Record> records(4, record("M1k3e4", 0.5));
  records[0].reward = -1.0, records[1].reward = records[3].reward = 2.0, records[2].reward = 1.5;
  CHECK(&search::winner_of(records) == &records[1]);
  CHECK(&search::winner_of(std::span(records).first(1)) == &records[0]);
  CHECK_THROWS_AS(search::winner_of({}), Error);
}

}  // namespace effv2::journal_test
