// Larger networks out of a table: compound scaling, and EfficientNetV2's way of doing it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "block_spec.hpp"

namespace effv2::inline EFFV2_ISA::models {

/// By how much a table grows in each of three ways.
struct ScalingFactors {
  double width = 1.0, depth = 1.0, resolution = 1.0;
};

/// Compound scaling (EfficientNet, Tan & Le 2019, equation 3): depth alpha^phi, width beta^phi,
/// resolution gamma^phi. The paper's base has alpha beta^2 gamma^2 = 2 (about), so that phi = 1
/// takes twice the multiply-adds. Its B1 to B7 are these with phi = 0.5, 1, 2 ..., more or less,
/// rounded by hand: tables.hpp has the published ones.
inline ScalingFactors compound_factors(double phi, double alpha = 1.2, double beta = 1.1,
                                       double gamma = 1.15) {
  EFFV2_CHECK(std::isfinite(phi) && alpha >= 1.0 && beta >= 1.0 && gamma >= 1.0,
              ErrorCode::invalid_argument,
              "[scaling] expected a finite phi and bases of at least 1, got ", phi, ", ", alpha,
              ", ", beta, " and ", gamma);
  return {std::pow(beta, phi), std::pow(alpha, phi), std::pow(gamma, phi)};
}

/// What EfficientNetV2 adds to compound scaling (section 3.3): the largest picture in use is
/// capped, at 480 pixels, and layers are gradually added to later stages, where they cost little
/// time. The paper gives no formula for the latter (M and L are tables of their own): here the last
/// stage gets `later_layers` more than its share, the first none, and those between in proportion,
/// rounded to the nearest.
struct NonUniformScaling {
  ScalingFactors factors = {};
  int later_layers = 0;
  int largest_picture = 480;  // pixels, in training and in use
  double dropout = -1.0;      // negative: the table's
};

/// `base`, larger: channels to multiples of 8 and repeats rounded up as in scale(), layers added to
/// later stages, pictures capped.
inline ModelSpec scale_non_uniformly(const ModelSpec& base, std::string_view name,
                                     const NonUniformScaling& o) {
  const ScalingFactors& f = o.factors;
  const auto grows = [](double factor) { return factor > 0.0 && factor <= 1000.0; };
  EFFV2_CHECK(grows(f.width) && grows(f.depth) && grows(f.resolution) && o.later_layers >= 0 &&
                  o.largest_picture > 0,
              ErrorCode::invalid_argument, "[scaling] expected factors in (0, 1000], got ", f.width,
              ", ", f.depth, " and ", f.resolution, ", and no fewer layers or pixels, got ",
              o.later_layers, " and ", o.largest_picture);
  const auto pixels = [&](int size) {
    return static_cast<int>(
        std::clamp(std::round(size * f.resolution), 1.0, static_cast<double>(o.largest_picture)));
  };
  ModelSpec spec = scale(base, name, f.width, f.depth, o.dropout < 0.0 ? base.dropout : o.dropout,
                         pixels(base.train_size), pixels(base.eval_size), false);
  const int last = spec.stage_count - 1;
  for (int i = 1; i <= last; ++i) {
    spec.table[static_cast<std::size_t>(i)].repeats +=
        static_cast<int>(std::lround(static_cast<double>(o.later_layers) * i / last));
  }
  return spec.validated();
}

}  // namespace effv2::inline EFFV2_ISA::models
