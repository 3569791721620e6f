// Where the values of a chart's axis are in the picture, and which of them are written beside it.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "../core/isa.hpp"
#include "../core/text.hpp"

namespace effv2::inline EFFV2_ISA::train::svg {

enum class Scale { linear, logarithmic };

struct Axis {
  std::string label = {};
  Scale scale = Scale::linear;
  bool is_falling = false;     // large values where small ones would be
  bool includes_zero = false;  // of a linear axis
  /// How a value is written.
  std::function<std::string(double)> text = [](double value) { return text::rounded(value, 4); };
};

/// From values to positions: the smallest of `values` is at `begin`, the largest at `end`. A single
/// value is in the middle.
class Ruler {
 public:
  Ruler(const Axis& axis, std::vector<double> values, double begin, double end)
      : is_log_(axis.scale == Scale::logarithmic), begin_(begin), end_(end) {
    if (axis.is_falling) std::swap(begin_, end_);
    std::erase_if(values, [this](double value) { return !shows(value); });
    if (axis.includes_zero && !is_log_) values.push_back(0.0);
    if (values.empty()) values = {is_log_ ? 1.0 : 0.0};
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    low_ = inner(*least), high_ = inner(*most);
    if (high_ - low_ <= 1e-9 * (is_log_ ? std::max(1.0, std::abs(high_)) : std::abs(high_))) {
      const double room = is_log_ ? 0.5 : high_ == 0.0 ? 1.0 : 0.5 * std::abs(high_);
      low_ -= room, high_ += room;
    }
  }

  /// Whether the axis has a place for it.
  bool shows(double value) const { return std::abs(value) < 1e100 && (!is_log_ || value > 1e-100); }
  double operator()(double value) const {
    return begin_ + (inner(value) - low_) / (high_ - low_) * (end_ - begin_);
  }

  /// Round values, two at least and not many more than `wanted`.
  std::vector<double> ticks(int wanted) const {
    if (is_log_) {
      for (const auto& digits : {std::vector{1.0, 2.0, 5.0}, {1.0, 3.0}, {1.0}}) {
        const std::vector<double> found = decades(digits, 1);
        if (found.size() >= 2 && found.size() <= static_cast<std::size_t>(wanted)) return found;
      }
      const int apart = static_cast<int>((high_ - low_) / wanted) + 1;
      if (high_ - low_ > 2.0) return decades({1.0}, apart);
    }
    return steps(wanted);
  }

 private:
  double inner(double value) const { return is_log_ ? std::log10(value) : value; }
  double outer(double value) const { return is_log_ ? std::pow(10.0, value) : value; }

  // Those of `digits` times powers of ten, `apart` from one power to the next, that are in range.
  std::vector<double> decades(const std::vector<double>& digits, int apart) const {
    std::vector<double> found;
    for (int power = static_cast<int>(std::floor(low_)); power <= high_; power += apart) {
      for (const double digit : digits) {
        const double exponent = power + std::log10(digit);
        const bool is_within = exponent >= low_ - 1e-9 && exponent <= high_ + 1e-9;
        // Divided where it is exact: 0.002, and not 0.0020000000000000005.
        if (is_within)
          found.push_back(power < 0 ? digit / std::pow(10.0, -power)
                                    : digit * std::pow(10.0, power));
      }
    }
    return found;
  }

  // Multiples of 1, 2 or 5 times a power of ten.
  std::vector<double> steps(int wanted) const {
    const double low = outer(low_), high = outer(high_);
    const double least = (high - low) / wanted;
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    double step = 10.0 * power;
    for (const double digit : {5.0, 2.0, 1.0}) {
      if (digit * power >= least) step = digit * power;
    }
    std::vector<double> found;
    for (double k = std::ceil(low / step - 1e-6); k * step <= high + 1e-6 * step; ++k) {
      found.push_back(k * step);
    }
    return found;
  }

  bool is_log_;
  double begin_, end_;
  double low_, high_;  // as logarithms, if the axis is logarithmic
};

}  // namespace effv2::inline EFFV2_ISA::train::svg
