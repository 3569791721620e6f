// Progressive learning with adaptive regularisation (EfficientNetV2, section 4): a run starts with
// small pictures and weak regularisation, and ends with large ones and strong.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../data/augment.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// A part of a run. All parts have equally many steps; weights, optimiser and average are carried
/// over.
struct Stage {
  PictureSize image_size = {};  // by default what the options' data say
  data::Augmentation augmentation = {};
  double mixup = 0.0;     // alpha
  double dropout = -1.0;  // before the classifier; negative: as the model was built

  void validate() const {
    image_size.validated();
    EFFV2_CHECK(mixup >= 0.0 && mixup <= 1.0 && dropout < 1.0, ErrorCode::invalid_argument,
                "[stage] expected mixup in [0, 1] and dropout below 1, got ", mixup, " and ",
                dropout);
    augmentation.validate();
  }
};

/// Where the four dials of the paper's table 6 begin and end.
struct ProgressiveRange {
  PictureSize first_size, last_size;
  double first_magnitude, last_magnitude;  // of RandAugment
  double first_mixup, last_mixup;
  double first_dropout, last_dropout;
};

/// The paper's own for its S, M and L, and one for pictures of 28 pixels.
inline constexpr ProgressiveRange progressive_s{128, 300, 5, 15, 0.0, 0.0, 0.1, 0.3};
inline constexpr ProgressiveRange progressive_m{128, 380, 5, 20, 0.0, 0.2, 0.1, 0.4};
inline constexpr ProgressiveRange progressive_l{128, 380, 5, 25, 0.0, 0.5, 0.1, 0.5};
inline constexpr ProgressiveRange progressive_28{16, 28, 5, 15, 0.0, 0.2, 0.1, 0.3};
inline constexpr int paper_stages = 4;

/// phi_i = phi_0 + (phi_e - phi_0) i / (stages - 1) for each dial (the last value if there is one
/// stage). `full` is how the last stage augments, but for RandAugment: if it has that at all, each
/// stage, the last one too, has the range's magnitude. In the stages before, all else is as much
/// weaker as the magnitude (or as the stage comes early, if the range has no magnitudes).
inline std::vector<Stage> progressive_stages(const ProgressiveRange& range, int stages,
                                             const data::Augmentation& full) {
  EFFV2_CHECK(stages >= 1, ErrorCode::invalid_argument,
              "[progressive] expected at least 1 stage, got ", stages);
  std::vector<Stage> result;
  for (int i = 0; i < stages; ++i) {
    const double part = stages == 1 ? 1.0 : static_cast<double>(i) / (stages - 1);
    const auto between = [part](double first, double last) {
      return first + (last - first) * part;
    };
    const double magnitude = between(range.first_magnitude, range.last_magnitude);
    Stage stage;
    const auto side = [&](std::int64_t PictureSize::*which) {
      return std::int64_t{std::llround(between(static_cast<double>(range.first_size.*which),
                                               static_cast<double>(range.last_size.*which)))};
    };
    stage.image_size = {side(&PictureSize::height), side(&PictureSize::width)};
    const bool has_magnitudes = range.last_magnitude > 0.0;
    stage.augmentation = full.scaled_by(has_magnitudes ? magnitude / range.last_magnitude : part);
    if (full.rand_augment.active()) stage.augmentation.rand_augment.magnitude = magnitude;
    stage.mixup = between(range.first_mixup, range.last_mixup);
    stage.dropout = between(range.first_dropout, range.last_dropout);
    result.push_back(stage);
  }
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::train
