// All runs of an experiment: every configuration with every seed on every set of pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment.hpp"
#include "journal.hpp"

namespace experiments {

/// One set of pictures and what is compared on it.
struct Comparison {
  DataSet data;
  std::vector<Configuration> configurations;
};

std::vector<Comparison> comparisons(const Experiment& experiment, const Size& size,
                                    std::vector<DataSet> sets);

/// What all runs have in common, the machine among it.
Common common_of(const std::vector<Comparison>& comparisons);

/// The processor, its threads in use, the instruction set.
std::string machine();

/// Makes the runs that the journal does not have, and says on standard output what it does and how
/// long that will take. The configurations take turns, seed by seed, and another one begins each
/// time: where a machine's speed drifts, it drifts for all. False if it was stopped.
bool run(const std::vector<Comparison>& comparisons, std::int64_t seeds, Journal& journal,
         const Session& session);

}  // namespace experiments
