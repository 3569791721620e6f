// Which candidate comes next: random search, and regularised evolution.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "reward.hpp"
#include "space.hpp"

namespace effv2::inline EFFV2_ISA::search {

enum class SearcherKind { random, evolution };

constexpr std::string_view name_of(SearcherKind kind) {
  return kind == SearcherKind::random ? "random" : "evolution";
}

struct SearchOptions {
  SearcherKind searcher = SearcherKind::evolution;
  std::int64_t candidates = 100;  // to be evaluated in all; more may be asked for later
  std::uint64_t seed = 1;
  std::int64_t population = 20, tournament = 5;  // of evolution
  RewardOptions reward = {};
  std::int64_t reference_parameters = 1;  // what P in the reward is a multiple of
};

/// What decides which candidates a search proposes, besides their accuracy and the times of layers;
/// a line each. How many candidates are wanted is not in it: a search may be extended.
inline std::string configuration_text(const Space& space, const SearchOptions& o) {
  return concat("searcher ", name_of(o.searcher), "\nseed ", o.seed, "\npopulation ", o.population,
                "\ntournament ", o.tournament, "\nstep_time_exponent ", o.reward.step_time,
                "\nparameter_exponent ", o.reward.parameters, "\nreference_parameters ",
                o.reference_parameters, '\n', space.to_string());
}

/// A candidate that has been evaluated.
struct Scored {
  Candidate candidate;
  double reward = 0.0;
};

/// The candidate to evaluate after `history` (all so far, in order): one that is not in it, or
/// nothing if the space has no other. A function of its arguments alone.
///
/// Evolution is regularised, or aging (Real, Aggarwal, Huang, Le: "Regularized evolution for image
/// classifier architecture search", AAAI 2019). It begins with a population drawn at random; then
/// the best of a tournament, drawn from the population with repetition, has a child with one choice
/// changed, and the oldest member goes. So the population is always the last of the history, and
/// there is no other state. Unlike there, a child that was evaluated before is changed once more:
/// the evaluation would say the same again.
inline std::optional<Candidate> propose(const Space& space, const SearchOptions& o,
                                        std::span<const Scored> history) {
  EFFV2_CHECK(o.population >= 1 && o.tournament >= 1, ErrorCode::invalid_argument,
              "[search] expected a population and a tournament of at least 1, got ", o.population,
              " and ", o.tournament);
  if (static_cast<std::int64_t>(history.size()) >= space.size()) return {};
  std::set<Candidate> seen;
  for (const Scored& scored : history) seen.insert(scored.candidate);

  const auto index = static_cast<std::uint32_t>(history.size());
  const RandomStream random{o.seed, streams::propose, index};
  const auto population = static_cast<std::size_t>(o.population);
  std::uint32_t attempt = 0;
  if (o.searcher == SearcherKind::random || history.size() < population) {
    Candidate candidate = space.draw(random, attempt);
    while (seen.contains(candidate)) candidate = space.draw(random, ++attempt);
    return candidate;
  }
  const std::span<const Scored> living = history.last(population);
  const RandomStream draws{o.seed, streams::tournament, index};
  const Scored* parent = nullptr;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(o.tournament); ++i) {
    const Scored& drawn = living[draws.below(static_cast<std::uint32_t>(population), i)];
    if (parent == nullptr || drawn.reward > parent->reward) parent = &drawn;
  }
  Candidate child = space.mutate(parent->candidate, random, attempt);
  while (seen.contains(child)) child = space.mutate(child, random, ++attempt);
  return child;
}

}  // namespace effv2::inline EFFV2_ISA::search
