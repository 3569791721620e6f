// The finished runs of an experiment on one set of pictures, and what they say of its claims.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment.hpp"
#include "grid.hpp"
#include "journal.hpp"
#include "statistics.hpp"

namespace experiments {

/// What it is made of must outlive it.
class Results {
 public:
  Results(const Experiment& experiment, const Comparison& comparison, std::int64_t seeds,
          const Journal& journal)
      : experiment_(experiment), comparison_(comparison), seeds_(seeds), journal_(journal) {}

  const DataSet& data() const { return comparison_.data; }
  const std::vector<Configuration>& configurations() const { return comparison_.configurations; }

  /// A value of a configuration, seed by seed; NaN where a run has none.
  Numbers values(const std::string& configuration, const std::string& key) const;

  /// The same as a column shows it: values, or ratios to the baseline's.
  Numbers shown(const std::string& configuration, const Column& column) const;

  Finding find(const Claim& claim) const;

 private:
  bool is_reward(const std::string& key) const;
  Scatter scatter(const std::string& key) const;

  const Experiment& experiment_;
  const Comparison& comparison_;
  std::int64_t seeds_;
  const Journal& journal_;
};

}  // namespace experiments
