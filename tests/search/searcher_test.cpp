#include <cmath>
#include <effv2/models/tables.hpp>
#include <effv2/search/searcher.hpp>
#include <set>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace effv2::searcher_test {

using search::Candidate;
using search::Scored;
using search::SearcherKind;
using search::SearchOptions;
using search::Space;

namespace {

const models::ModelSpec& tiny() { return models::find_model("tiny"); }

// A reward with one best candidate: everything as large as it goes.
double height(const Candidate& candidate) {
  double sum = 0.0;
  for (const search::StageChoice& stage : candidate.stages) {
    sum += stage.layers + stage.kernel + stage.expand +
           (stage.kind == models::BlockKind::mbconv ? 1.0 : 0.0);
  }
  return sum;
}

std::vector<Scored> run(const Space& space, const SearchOptions& o, std::size_t count) {
  std::vector<Scored> history;
  while (history.size() < count) {
    const auto candidate = search::propose(space, o, history);
    if (!candidate) break;
    history.push_back({*candidate, height(*candidate)});
  }
  return history;
}

double best(const std::vector<Scored>& history) {
  double most = 0.0;
  for (const Scored& scored : history) most = std::max(most, scored.reward);
  return most;
}

int differences(const Candidate& a, const Candidate& b) {
  int count = 0;
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    count += (a.stages[s].kind != b.stages[s].kind) + (a.stages[s].layers != b.stages[s].layers) +
             (a.stages[s].kernel != b.stages[s].kernel) +
             (a.stages[s].expand != b.stages[s].expand);
  }
  return count;
}

}  // namespace

TEST_CASE("no candidate is proposed twice, and in the end all have been", "[searcher]") {
  const Space space(
      tiny(), {.kernels = {3}, .expansions = {4}, .layers = {{1, 1}, {1, 2}, {1, 1}, {2, 3}}});
  REQUIRE(space.size() == 64);
  for (const SearcherKind kind : {SearcherKind::random, SearcherKind::evolution}) {
    const auto history = run(space, {.searcher = kind, .population = 8}, 1000);
    CHECK(history.size() == 64);
    std::set<Candidate> different;
    for (const Scored& scored : history) {
      CHECK(space.contains(scored.candidate));
      different.insert(scored.candidate);
    }
    CHECK(different.size() == 64);
  }
}

TEST_CASE("the seed decides, and only the seed", "[searcher]") {
  const Space space(tiny());
  for (const SearcherKind kind : {SearcherKind::random, SearcherKind::evolution}) {
    const auto keys = [&](std::uint64_t seed) {
      std::string text;
      for (const Scored& s : run(space, {.searcher = kind, .seed = seed, .population = 10}, 40)) {
        text += s.candidate.key() + '\n';
      }
      return text;
    };
    CHECK(keys(1) == keys(1));
    CHECK(keys(1) != keys(2));
  }
}

TEST_CASE("evolution begins at random, then its children are of the living", "[searcher]") {
  const Space space(tiny());
  const SearchOptions o{.population = 12, .tournament = 4};
  SearchOptions random = o;
  random.searcher = SearcherKind::random;
  const auto history = run(space, o, 200), drawn = run(space, random, 12);
  for (std::size_t i = 0; i < 12; ++i) CHECK(history[i].candidate == drawn[i].candidate);
  for (std::size_t i = 12; i < history.size(); ++i) {
    int least = 99;
    for (std::size_t k = i - 12; k < i; ++k) {
      least = std::min(least, differences(history[i].candidate, history[k].candidate));
    }
    CHECK(least <= 2);  // two where the first child had been seen
  }
}

TEST_CASE("a tournament's winner has the child; the oldest is not in it", "[searcher]") {
  const Space space(tiny());
  SearchOptions o{.population = 10, .tournament = 200};
  auto history = run(space, o, 10);
  // With so many draws everybody takes part.
  history[4].reward = 1000.0;
  CHECK(differences(*search::propose(space, o, history), history[4].candidate) == 1);
  // Four more, and it is the oldest; one more, and it is gone.
  for (int i = 0; i < 4; ++i)
    history.push_back({space.draw({99, 0, 0}, static_cast<std::uint32_t>(i)), 1.0});
  CHECK(differences(*search::propose(space, o, history), history[4].candidate) == 1);
  history.push_back({space.draw({99, 0, 0}, 4), 999.0});
  CHECK(differences(*search::propose(space, o, history), history.back().candidate) == 1);
}

TEST_CASE("evolution climbs higher than chance", "[searcher]") {
  const Space space(tiny());
  double evolved = 0.0, drawn = 0.0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    evolved += best(run(space, {.searcher = SearcherKind::evolution, .seed = seed}, 150));
    drawn += best(run(space, {.searcher = SearcherKind::random, .seed = seed}, 150));
  }
  CAPTURE(evolved, drawn);
  CHECK(evolved > drawn + 5 * 3.0);
}

TEST_CASE("what decides a search is in its configuration", "[searcher]") {
  const Space space(tiny());
  std::set<std::string> texts;
  SearchOptions o;
  const auto add = [&] { texts.insert(search::configuration_text(space, o)); };
  add();
  o.searcher = SearcherKind::random, add();
  o.seed = 2, add();
  o.population = 5, add();
  o.tournament = 2, add();
  o.reward.step_time = 0.0, add();
  o.reward.parameters = 0.0, add();
  o.reference_parameters = 5, add();
  CHECK(texts.size() == 8);
  o.candidates = 7, add();  // is not
  CHECK(texts.size() == 8);
  CHECK_THROWS_AS(search::propose(space, {.population = 0}, {}), Error);
  CHECK_THROWS_AS(search::propose(space, {.tournament = 0}, {}), Error);
}

}  // namespace effv2::searcher_test
