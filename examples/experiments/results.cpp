#include "results.hpp"

#include <algorithm>
#include <cmath>
#include <effv2/core/error.hpp>
#include <limits>

namespace experiments {

Numbers Results::values(const std::string& configuration, const std::string& key) const {
  Numbers result;
  for (std::int64_t seed = 1; seed <= seeds_; ++seed) {
    const Record* record = journal_.find(data().name, configuration, seed);
    EFFV2_CHECK(record != nullptr, effv2::ErrorCode::invalid_argument, "[results] no run of ",
                configuration, " with seed ", seed);
    const auto found = record->values.find(key);
    result.push_back(found == record->values.end() ? std::numeric_limits<double>::quiet_NaN()
                                                   : found->second);
  }
  return result;
}

Numbers Results::shown(const std::string& configuration, const Column& column) const {
  const Numbers own = values(configuration, column.key);
  if (column.show != Show::time_ratio) return own;
  return ratios(own, values(experiment_.baseline, column.key));
}

Finding Results::find(const Claim& claim) const {
  if (claim.kind == Claim::Kind::ratio) {
    return below_one(ratios(values(claim.terms[0].configuration, claim.terms[0].key),
                            values(claim.terms[1].configuration, claim.terms[1].key)));
  }
  std::vector<Weighted> terms;
  for (const Term& term : claim.terms) {
    terms.push_back({term.factor, values(term.configuration, term.key)});
  }
  return above_zero(terms, scatter(claim.terms[0].key), claim.margin);
}

bool Results::is_reward(const std::string& key) const {
  return std::any_of(
      experiment_.columns.begin(), experiment_.columns.end(),
      [&](const Column& column) { return column.key == key && column.show == Show::reward; });
}

// Of a reward, or else of all accuracies; one picture at least.
Scatter Results::scatter(const std::string& key) const {
  const auto is_alike = [&](const Column& column) {
    return is_reward(key) ? column.key == key : column.show == Show::accuracy;
  };
  std::vector<Numbers> groups;
  for (const Configuration& configuration : configurations()) {
    for (const Column& column : experiment_.columns) {
      if (!is_alike(column)) continue;
      Numbers group = values(configuration.name, column.key);
      if (std::all_of(group.begin(), group.end(), [](double v) { return std::isfinite(v); })) {
        groups.push_back(std::move(group));
      }
    }
  }
  return pooled(groups, 1.0 / static_cast<double>(data().test.size()));
}

}  // namespace experiments
