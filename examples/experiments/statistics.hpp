// What a few runs say: means, deviations, and whether a difference is more than noise.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace experiments {

using Numbers = std::vector<double>;

inline double mean(const Numbers& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Of a sample: the sum of squares is divided by n - 1. 0 for a single value.
inline double deviation(const Numbers& values) {
  if (values.size() < 2) return 0.0;
  const double centre = mean(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

inline double median(Numbers values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

/// The median of those that are finite; NaN if none is.
inline double median_of_finite(Numbers values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : median(std::move(values));
}

/// The scatter of runs that differ in their seed alone, from several groups of such runs.
struct Scatter {
  double deviation = 0.0;
  int degrees = 0;  // of freedom: how many runs there are beyond one for each group
};

/// sqrt(sum (n - 1) s^2 / sum (n - 1)), at least `least`: runs that agree by chance do not make a
/// measurement exact.
inline Scatter pooled(std::span<const Numbers> groups, double least) {
  double squares = 0.0;
  int degrees = 0;
  for (const Numbers& group : groups) {
    if (group.size() < 2) continue;
    const double s = deviation(group);
    squares += static_cast<double>(group.size() - 1) * s * s;
    degrees += static_cast<int>(group.size()) - 1;
  }
  if (degrees == 0) return {least, 0};
  return {std::max(least, std::sqrt(squares / degrees)), degrees};
}

/// The bound that Student's t stays within, either way, in 95 of 100 cases.
inline double student_t(int degrees) {
  constexpr std::array table{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                             2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                             2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  if (degrees < 1) return std::numeric_limits<double>::infinity();
  if (degrees <= static_cast<int>(table.size()))
    return table[static_cast<std::size_t>(degrees - 1)];
  constexpr double z = 1.959964;
  constexpr double z3 = z * z * z, z5 = z3 * z * z;
  const double n = degrees;  // the first terms of its expansion in 1 / n
  return z + (z3 + z) / (4.0 * n) + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n);
}

enum class Verdict { seen, within_noise, not_seen };

constexpr std::string_view name_of(Verdict verdict) {
  constexpr std::string_view names[] = {"seen", "within the noise", "not seen"};
  return names[static_cast<int>(verdict)];
}

/// What was found of a claim.
struct Finding {
  double value = 0.0;  // a difference, or the median of ratios
  double noise = 0.0;  // of a difference: how large one may well be by chance
  Verdict verdict = Verdict::within_noise;
};

/// A group of runs and what its mean counts.
struct Weighted {
  double factor = 1.0;
  Numbers values;
};

/// The claim that sum factor mean(values) + margin is above 0. Its noise is
/// t s sqrt(sum factor^2 / n), with the runs' scatter s and 95 % of Student's t: within that either
/// way, nothing was seen.
inline Finding above_zero(std::span<const Weighted> terms, const Scatter& scatter, double margin) {
  Finding finding;
  double variance = 0.0;
  for (const Weighted& term : terms) {
    finding.value += term.factor * mean(term.values);
    variance += term.factor * term.factor / static_cast<double>(term.values.size());
  }
  finding.noise = student_t(scatter.degrees) * scatter.deviation * std::sqrt(variance);
  if (finding.value + margin > finding.noise) finding.verdict = Verdict::seen;
  if (finding.value + margin < -finding.noise) finding.verdict = Verdict::not_seen;
  return finding;
}

/// The ratios a / b, seed by seed, where there are both (a missing value is not finite).
inline Numbers ratios(const Numbers& a, const Numbers& b) {
  Numbers result;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (std::isfinite(a[i] / b[i])) result.push_back(a[i] / b[i]);
  }
  return result;
}

/// The claim that ratios of times are below 1: it takes all of three or more. The value of none is
/// NaN.
inline Finding below_one(const Numbers& values) {
  if (values.empty()) return {.value = std::numeric_limits<double>::quiet_NaN()};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  Finding finding{.value = median(values)};
  if (values.size() >= 3 && *most < 1.0) finding.verdict = Verdict::seen;
  if (values.size() >= 3 && *least > 1.0) finding.verdict = Verdict::not_seen;
  return finding;
}

}  // namespace experiments
