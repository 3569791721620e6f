#include <cmath>
#include <cstdlib>
#include <effv2/models/tables.hpp>
#include <effv2/search/search.hpp>
#include <filesystem>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::search_test {

using search::Candidate;
using search::Journal;
using search::LayerTimes;
using search::Measurement;
using search::Record;
using search::SearcherKind;
using search::SearchOptions;
using search::Space;

namespace {

const models::ModelSpec& tiny() { return models::find_model("tiny"); }
const models::EfficientNetOptions network{.in_channels = 1, .classes = 10};
constexpr std::int64_t size = 20;

SearchOptions options(SearcherKind kind) {
  return {.searcher = kind,
          .candidates = 24,
          .seed = 5,
          .population = 6,
          .tournament = 3,
          .reference_parameters = 50};
}

// Another clock in every run: nothing may depend on it.
int runs = 0;

LayerTimes layer_times() {
  LayerTimes times;
  for (const auto& layer : search::layers_of(Space(tiny()), network, size)) {
    times[layer.key()] = 1e-5 * static_cast<double>(layer.in_channels + layer.kernel) *
                         (1.0 + 0.1 * static_cast<double>(runs % 3));
  }
  return times;
}

Measurement evaluate(const Candidate& candidate) {
  double accuracy = 0.5;
  std::int64_t parameters = 40;
  for (const search::StageChoice& stage : candidate.stages) {
    accuracy += 0.02 * stage.layers + 0.01 * stage.kernel;
    parameters += stage.layers * stage.expand;
  }
  const double noise = 0.5 + static_cast<double>(std::rand() % 1000) / 1000.0;
  return {accuracy, noise + runs, parameters, 10 * parameters, 5};
}

// A search in a process of its own, as it were, that ends after `most` new candidates.
void run(const std::string& path, const SearchOptions& o, std::int64_t most = 1000,
         const std::optional<LayerTimes>& given = {}) {
  ++runs;
  const Space space(tiny());
  Journal journal(path, search::configuration_text(space, o) + "\nproxy 1",
                  [&] { return given ? *given : layer_times(); });
  const search::StepTimePrediction predicted(journal.layer_times(), tiny(), network, size);
  std::int64_t done = 0;
  search::run_search(
      journal, space, o, predicted,
      [&](const Candidate& candidate) -> std::optional<Measurement> {
        if (done == most) return {};
        return evaluate(candidate);
      },
      [&](const Record& record) {
        CHECK(record.index + 1 == static_cast<std::int64_t>(journal.records().size()));
        ++done;
      });
}

std::string text_of(const std::string& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

// Without what was measured in each run; the layers' times are kept.
std::string lasting(const std::string& path) {
  return std::regex_replace(text_of(path), std::regex("\"step_time\":[^}]*\\}"), "}");
}

}  // namespace

TEST_CASE("a search that is cut after any candidate leaves the journal of one that was not",
          "[search]") {
  for (const SearcherKind kind : {SearcherKind::random, SearcherKind::evolution}) {
    const TemporaryFolder folder;
    const SearchOptions o = options(kind);
    run(folder / "whole", o);
    const std::string whole = lasting(folder / "whole");
    const LayerTimes times = search::read_journal(folder / "whole").layer_times;
    CHECK(search::read_journal(folder / "whole").records.size() == 24);
    for (std::int64_t cut = 0; cut <= 24; ++cut) {
      CAPTURE(cut);
      const std::string path = folder / ("cut" + std::to_string(cut));
      run(path, o, cut, times);
      const std::string before = text_of(path);
      run(path, o);  // which would measure other times, if asked
      CHECK(lasting(path) == whole);
      CHECK(text_of(path).starts_with(before));  // measured times included
      const std::string after = text_of(path);
      run(path, o);
      CHECK(text_of(path) == after);
    }
    // With times of its own it may come to other candidates, but it is another journal.
    run(folder / "other", o);
    CHECK(lasting(folder / "other") != whole);
  }
}

TEST_CASE("a line that a crash has torn is computed again", "[search]") {
  const TemporaryFolder folder;
  const SearchOptions o = options(SearcherKind::evolution);
  run(folder / "whole", o);
  const std::string text = text_of(folder / "whole"), whole = lasting(folder / "whole");
  const std::size_t first = text.find('\n') + 1;
  for (std::size_t length = first; length < text.size(); length += 37) {
    CAPTURE(length);
    write_file(folder / "torn", std::string_view(text).substr(0, length));
    run(folder / "torn", o);
    CHECK(lasting(folder / "torn") == whole);
  }
}

TEST_CASE("a search can be extended, and asked for less than it has", "[search]") {
  const TemporaryFolder folder;
  SearchOptions o = options(SearcherKind::evolution);
  run(folder / "whole", o);
  const LayerTimes times = search::read_journal(folder / "whole").layer_times;
  o.candidates = 9;
  run(folder / "part", o, 1000, times);
  CHECK(search::read_journal(folder / "part").records.size() == 9);
  o.candidates = 24;
  run(folder / "part", o);
  CHECK(lasting(folder / "part") == lasting(folder / "whole"));
  o.candidates = 9;
  run(folder / "part", o);
  CHECK(search::read_journal(folder / "part").records.size() == 24);
}

TEST_CASE("the reward is by the predicted time and the reference's parameters", "[search]") {
  const TemporaryFolder folder;
  const SearchOptions o = options(SearcherKind::random);
  run(folder / "journal", o, 4);
  const auto contents = search::read_journal(folder / "journal");
  const search::StepTimePrediction predicted(contents.layer_times, tiny(), network, size);
  for (const Record& record : contents.records) {
    const double step_time = predicted(record.candidate.to_spec(tiny()));
    CHECK(record.predicted_step_time == step_time);
    CHECK(record.measurement.step_time != step_time);
    CHECK(record.reward ==
          Approx(record.measurement.accuracy * std::pow(step_time, -0.07) *
                 std::pow(static_cast<double>(record.measurement.parameters) / 50.0, -0.05)));
  }
}

TEST_CASE("a small space is searched to its end", "[search]") {
  const TemporaryFolder folder;
  const Space space(
      tiny(),
      {.kernels = {3}, .expansions = {1, 4}, .layers = search::layers_around(tiny(), 0, 0)});
  SearchOptions o = options(SearcherKind::evolution);
  o.candidates = 1000;
  Journal journal(folder / "journal", search::configuration_text(space, o),
                  [] { return LayerTimes{}; });
  search::run_search(
      journal, space, o, [](const models::ModelSpec&) { return 1.0; },
      [](const Candidate& c) { return std::optional(evaluate(c)); });
  CHECK(journal.records().size() == 256);
}

TEST_CASE("a journal that this search would not have written is refused", "[search]") {
  const TemporaryFolder folder;
  const SearchOptions o = options(SearcherKind::evolution);
  run(folder / "whole", o, 8);
  const std::string text = text_of(folder / "whole");
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t place = changed.find(from, changed.find('\n'));
    REQUIRE(place != changed.npos);
    changed.replace(place, from.size(), to);
    write_file(folder / "changed", changed);
    try {
      run(folder / "changed", o);
      FAIL_CHECK("accepted " << to);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::format);
    }
    CHECK(text_of(folder / "changed") == changed);
  };
  const auto records = search::read_journal(folder / "whole").records;
  refused("\"candidate\":\"" + records[0].candidate.key(),
          "\"candidate\":\"" + records[1].candidate.key());
  refused(concat("\"accuracy\":", records[2].measurement.accuracy), "\"accuracy\":0.25");
  refused(concat("\"predicted_step_time\":", records[3].predicted_step_time),
          "\"predicted_step_time\":2");
  refused(concat("\"parameters\":", records[4].measurement.parameters), "\"parameters\":7");
  // Another search's options.
  SearchOptions other = o;
  other.tournament = 2;
  try {
    run(folder / "whole", other);
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(std::string(error.what()).find("this search has: tournament 2") != std::string::npos);
  }
  Journal journal(folder / "bare", "proxy 1", layer_times);
  CHECK_THROWS_AS(search::run_search(
                      journal, Space(tiny()), o, [](const models::ModelSpec&) { return 1.0; },
                      [](const Candidate& c) { return std::optional(evaluate(c)); }),
                  Error);
}

TEST_CASE("without a prediction nothing is trained", "[search]") {
  const TemporaryFolder folder;
  const SearchOptions o = options(SearcherKind::random);
  const Space space(tiny());
  Journal journal(folder / "journal", search::configuration_text(space, o), layer_times);
  int trained = 0;
  const auto predict = [](const models::ModelSpec&) -> double {
    throw_error(ErrorCode::invalid_argument, "no such layer");
  };
  const auto count = [&](const Candidate& candidate) {
    ++trained;
    return std::optional(evaluate(candidate));
  };
  CHECK_THROWS_AS(search::run_search(journal, space, o, predict, count), Error);
  CHECK(trained == 0);
}

TEST_CASE("without a reward nothing is trained", "[search]") {
  const TemporaryFolder folder;
  const Space space(tiny());
  SearchOptions no_reference = options(SearcherKind::random), endless = no_reference;
  no_reference.reference_parameters = 0;
  endless.reward.step_time = -HUGE_VAL;
  for (const SearchOptions& o : {no_reference, endless}) {
    Journal journal(folder / "journal", search::configuration_text(space, o), layer_times);
    int trained = 0;
    const auto count = [&](const Candidate& candidate) {
      ++trained;
      return std::optional(evaluate(candidate));
    };
    const auto predict = [](const models::ModelSpec&) { return 1.0; };
    CHECK_THROWS_AS(search::run_search(journal, space, o, predict, count), Error);
    CHECK(trained == 0);
    std::filesystem::remove(folder / "journal");
  }
}

}  // namespace effv2::search_test
