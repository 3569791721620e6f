// What an experiment's runs come to: NAME.md, NAME.json and NAME.svg.
#pragma once

#include <string>
#include <vector>

#include "experiment.hpp"
#include "grid.hpp"
#include "journal.hpp"

namespace experiments {

/// What the page says of its making.
struct Origin {
  std::string machine, command;
  bool is_quick = false;
};

/// Writes the three files. All runs of the comparisons with the seeds 1 ... `size.seeds` have to be
/// in the journal.
void write_pages(const std::string& folder, const Experiment& experiment, const Size& size,
                 const std::vector<Comparison>& comparisons, const Journal& journal,
                 const Origin& origin);

}  // namespace experiments
