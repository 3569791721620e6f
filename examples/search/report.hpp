// What a search shows on the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <effv2/search/journal.hpp>
#include <span>
#include <vector>

using Records = std::span<const effv2::search::Record>;

/// One candidate, as soon as it is evaluated.
void print_progress(const effv2::search::Record& record, std::int64_t candidates);

/// The best by reward, then all on the Pareto front of accuracy, predicted step time and
/// parameters.
void print_results(Records records, std::int64_t most);
