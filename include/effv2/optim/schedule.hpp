// Learning rate as a function of the step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::optim {

enum class ScheduleKind { constant, cosine, exponential };

inline constexpr std::string_view schedule_names[] = {"constant", "cosine", "exponential"};
constexpr std::string_view name_of(ScheduleKind kind) {
  return schedule_names[static_cast<int>(kind)];
}

/// Linear warm-up to `base` over `warmup_steps`, then one of
///   constant      base
///   cosine        base to `floor base` over the steps that are left, half a cosine
///   exponential   base decay^floor(step / decay_steps), in stairs (the paper: x 0.97 every 2.4
///                 epochs; those of the warm-up count, as in its authors' code)
struct Schedule {
  ScheduleKind kind = ScheduleKind::cosine;
  double base = 1e-3;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;
  double floor = 0.0;
  double decay = 0.97;
  double decay_steps = 1.0;

  /// The rate of the 0-based `step`.
  double at(std::int64_t step) const {
    EFFV2_CHECK(base > 0.0 && std::isfinite(base) && warmup_steps >= 0 && decay_steps > 0.0 &&
                    std::isfinite(decay_steps),
                ErrorCode::invalid_argument,
                "[schedule] expected a rate above 0, warm-up of at least 0 and decay steps above "
                "0, got ",
                base, ", ", warmup_steps, " and ", decay_steps);
    EFFV2_CHECK(
        floor >= 0.0 && floor <= 1.0 && decay > 0.0 && decay <= 1.0, ErrorCode::invalid_argument,
        "[schedule] expected a floor in [0, 1] and a decay in (0, 1], got ", floor, " and ", decay);
    if (step < warmup_steps) {
      return base * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
    }
    switch (kind) {
      case ScheduleKind::cosine: {
        const auto left =
            static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
        const double progress = std::min(1.0, static_cast<double>(step - warmup_steps) / left);
        return base * (floor + (1.0 - floor) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
      }
      case ScheduleKind::exponential:
        return base * std::pow(decay, std::floor(static_cast<double>(step) / decay_steps));
      default:
        return base;
    }
  }
};

}  // namespace effv2::inline EFFV2_ISA::optim
