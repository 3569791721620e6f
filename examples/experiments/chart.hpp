// A picture of a comparison: a row for each configuration, a dot for each run.
#pragma once

#include <effv2/train/svg_axis.hpp>
#include <string>
#include <vector>

#include "statistics.hpp"

namespace experiments {

/// The runs of a row in a panel; what is not finite is left out.
struct Dots {
  Numbers runs;
  double centre = 0.0, deviation = 0.0;
};

struct DotRow {
  std::string name;
  std::vector<Dots> panels;  // one each
};

/// Panels stand side by side, each with an axis of its own below.
struct DotChart {
  std::string title;
  std::vector<effv2::train::svg::Axis> axes = {};
  std::vector<DotRow> rows = {};
};

/// A file of SVG with the charts one below the other, readable on white and on black.
std::string svg_of(const std::vector<DotChart>& charts);

}  // namespace experiments
