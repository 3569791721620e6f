// How good a network is for a search: accurate, fast to train, and small (EfficientNetV2, 3.2).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// What is found out about one network.
struct Measurement {
  double accuracy = 0.0;   // in [0, 1], on images that are held out of training
  double step_time = 0.0;  // of training, measured; the reference's is 1
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  // of one image's forward pass
};

/// The exponents of the reward; the paper's.
struct RewardOptions {
  double step_time = -0.07, parameters = -0.05;
};

/// A (S / S_reference)^w (P / P_reference)^v for an accuracy A in [0, 1], the time S of a training
/// step and P parameters, both given as multiples of the reference's. Twice the time leaves 0.953
/// of a reward, twice the parameters 0.966; where every network reaches 98 %, small ones win.
inline double reward(double accuracy, double step_time, double parameters,
                     const RewardOptions& o = {}) {
  EFFV2_CHECK(accuracy >= 0.0 && accuracy <= 1.0, ErrorCode::invalid_argument,
              "[reward] expected an accuracy in [0, 1], got ", accuracy);
  EFFV2_CHECK(
      step_time > 0.0 && std::isfinite(step_time) && parameters > 0.0 && std::isfinite(parameters),
      ErrorCode::invalid_argument, "[reward] expected a step time and parameters above 0, got ",
      step_time, " and ", parameters);
  EFFV2_CHECK(std::isfinite(o.step_time) && std::isfinite(o.parameters),
              ErrorCode::invalid_argument, "[reward] expected finite exponents, got ", o.step_time,
              " and ", o.parameters);
  return accuracy * std::pow(step_time, o.step_time) * std::pow(parameters, o.parameters);
}

/// The three things a search wants, of which one is bought with another.
struct Objectives {
  double accuracy = 0.0, step_time = 0.0, parameters = 0.0;

  /// Whether this is better in something and worse in nothing.
  bool dominates(const Objectives& other) const {
    const bool worse =
        accuracy < other.accuracy || step_time > other.step_time || parameters > other.parameters;
    const bool better =
        accuracy > other.accuracy || step_time < other.step_time || parameters < other.parameters;
    return better && !worse;
  }
};

/// The indices of those that none of the others dominates, rising.
inline std::vector<std::size_t> pareto_front(std::span<const Objectives> all) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EFFV2_CHECK(std::isfinite(all[i].accuracy) && std::isfinite(all[i].step_time) &&
                    std::isfinite(all[i].parameters),
                ErrorCode::non_finite, "[reward] candidate ", i,
                " has a number that is not finite");
    bool dominated = false;
    for (const Objectives& other : all) dominated |= other.dominates(all[i]);
    if (!dominated) front.push_back(i);
  }
  return front;
}

}  // namespace effv2::inline EFFV2_ISA::search
