#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <effv2/search/reward.hpp>
#include <numeric>

using effv2::search::Record;

namespace {

// Sorts indices by their keys, the largest first; of equals the lower index is first.
template <class KeyOf>
void sort_by(std::vector<std::size_t>& indices, KeyOf&& key_of) {
  std::sort(indices.begin(), indices.end(), [&](std::size_t a, std::size_t b) {
    return key_of(a) != key_of(b) ? key_of(a) > key_of(b) : a < b;
  });
}

void print_table(const char* title, Records records, const std::vector<std::size_t>& order) {
  std::printf("\n%s\n%5s  %-48s %7s %9s %10s %9s %11s %9s\n", title, "index", "candidate", "reward",
              "accuracy", "step time", "measured", "parameters", "M mul-add");
  for (const std::size_t i : order) {
    const Record& r = records[i];
    std::printf("%5lld  %-48s %7.4f %7.2f %% %10.3f %9.3f %11lld %9.3f\n",
                static_cast<long long>(r.index), r.candidate.key().c_str(), r.reward,
                100.0 * r.measurement.accuracy, r.predicted_step_time, r.measurement.step_time,
                static_cast<long long>(r.measurement.parameters),
                1e-6 * static_cast<double>(r.measurement.multiply_adds));
  }
}

}  // namespace

void print_progress(const Record& r, std::int64_t candidates) {
  std::printf(
      "%lld/%lld  %s  accuracy %.2f %%  step time %.3f  %lld parameters  reward %.4f"
      "  (%.1f s)\n",
      static_cast<long long>(r.index + 1), static_cast<long long>(candidates),
      r.candidate.key().c_str(), 100.0 * r.measurement.accuracy, r.predicted_step_time,
      static_cast<long long>(r.measurement.parameters), r.reward, r.seconds);
  std::fflush(stdout);
}

void print_results(Records records, std::int64_t most) {
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  sort_by(order, [&](std::size_t i) { return records[i].reward; });
  if (order.size() > static_cast<std::size_t>(most)) order.resize(static_cast<std::size_t>(most));
  print_table("the best (step times are multiples of the backbone's, as predicted from the layers)",
              records, order);

  std::vector<effv2::search::Objectives> objectives;
  for (const Record& r : records) {
    objectives.push_back({r.measurement.accuracy, r.predicted_step_time,
                          static_cast<double>(r.measurement.parameters)});
  }
  std::vector<std::size_t> front = effv2::search::pareto_front(objectives);
  sort_by(front, [&](std::size_t i) { return objectives[i].accuracy; });
  print_table("nothing is better than these in one thing and worse in none", records, front);
}
