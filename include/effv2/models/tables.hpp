// The tables of EfficientNetV2 (Tan & Le, ICML 2021) and of EfficientNet V1 (2019), its baseline.
#pragma once

#include <array>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "block_spec.hpp"

namespace effv2::inline EFFV2_ISA::models {

namespace tables {

inline constexpr BlockKind F = BlockKind::fused_mbconv, M = BlockKind::mbconv;

// Rows: kind, repeats, kernel, stride, expand, in -> out.
inline constexpr ModelSpec v2_s{"s",
                                24,
                                1280,
                                {{{F, 2, 3, 1, 1, 24, 24},
                                  {F, 4, 3, 2, 4, 24, 48},
                                  {F, 4, 3, 2, 4, 48, 64},
                                  {M, 6, 3, 2, 4, 64, 128},
                                  {M, 9, 3, 1, 6, 128, 160},
                                  {M, 15, 3, 2, 6, 160, 256}}},
                                6,
                                0.2,
                                300,
                                384};
inline constexpr ModelSpec v2_m{"m",
                                24,
                                1280,
                                {{{F, 3, 3, 1, 1, 24, 24},
                                  {F, 5, 3, 2, 4, 24, 48},
                                  {F, 5, 3, 2, 4, 48, 80},
                                  {M, 7, 3, 2, 4, 80, 160},
                                  {M, 14, 3, 1, 6, 160, 176},
                                  {M, 18, 3, 2, 6, 176, 304},
                                  {M, 5, 3, 1, 6, 304, 512}}},
                                7,
                                0.3,
                                384,
                                480};
inline constexpr ModelSpec v2_l{"l",
                                32,
                                1280,
                                {{{F, 4, 3, 1, 1, 32, 32},
                                  {F, 7, 3, 2, 4, 32, 64},
                                  {F, 7, 3, 2, 4, 64, 96},
                                  {M, 10, 3, 2, 4, 96, 192},
                                  {M, 19, 3, 1, 6, 192, 224},
                                  {M, 25, 3, 2, 6, 224, 384},
                                  {M, 7, 3, 1, 6, 384, 640}}},
                                7,
                                0.4,
                                384,
                                480};
inline constexpr ModelSpec v2_xl{"xl",
                                 32,
                                 1280,
                                 {{{F, 4, 3, 1, 1, 32, 32},
                                   {F, 8, 3, 2, 4, 32, 64},
                                   {F, 8, 3, 2, 4, 64, 96},
                                   {M, 16, 3, 2, 4, 96, 192},
                                   {M, 24, 3, 1, 6, 192, 256},
                                   {M, 32, 3, 2, 6, 256, 512},
                                   {M, 8, 3, 1, 6, 512, 640}}},
                                 7,
                                 0.4,
                                 384,
                                 512};
inline constexpr ModelSpec v2_b0{"b0",
                                 32,
                                 1280,
                                 {{{F, 1, 3, 1, 1, 32, 16},
                                   {F, 2, 3, 2, 4, 16, 32},
                                   {F, 2, 3, 2, 4, 32, 48},
                                   {M, 3, 3, 2, 4, 48, 96},
                                   {M, 5, 3, 1, 6, 96, 112},
                                   {M, 8, 3, 2, 6, 112, 192}}},
                                 6,
                                 0.2,
                                 192,
                                 224};
inline constexpr ModelSpec v1_b0{"v1-b0",
                                 32,
                                 1280,
                                 {{{M, 1, 3, 1, 1, 32, 16},
                                   {M, 2, 3, 2, 6, 16, 24},
                                   {M, 2, 5, 2, 6, 24, 40},
                                   {M, 3, 3, 2, 6, 40, 80},
                                   {M, 3, 5, 1, 6, 80, 112},
                                   {M, 4, 5, 2, 6, 112, 192},
                                   {M, 1, 3, 1, 6, 192, 320}}},
                                 7,
                                 0.2,
                                 224,
                                 224};
// Not of the paper: a V2 for small pictures, examples and tests (under 300 k parameters).
inline constexpr ModelSpec tiny{"tiny",
                                16,
                                256,
                                {{{F, 1, 3, 1, 1, 16, 16},
                                  {F, 2, 3, 2, 4, 16, 24},
                                  {M, 2, 3, 2, 4, 24, 48},
                                  {M, 3, 3, 1, 4, 48, 64}}},
                                4,
                                0.1,
                                28,
                                28};
// Nor is this: a million parameters, and 3x3 convolutions without expansion alone. They are the
// fastest that a CPU has for a multiply-add: at 28 pixels, with a stem of stride 1, this is 4.7
// times the arithmetic of `tiny` in 1.6 times the time.
inline constexpr ModelSpec mini{"mini",
                                32,
                                256,
                                {{{F, 1, 3, 1, 1, 32, 32},
                                  {F, 1, 3, 2, 1, 32, 64},
                                  {F, 3, 3, 1, 1, 64, 64},
                                  {F, 1, 3, 2, 1, 64, 160},
                                  {F, 3, 3, 1, 1, 160, 160}}},
                                5,
                                0.1,
                                28,
                                28};

}  // namespace tables

/// Every model of this library by its name: V2 s m l xl b0-b3, V1 v1-b0 ... v1-b7, tiny and mini.
inline constexpr std::array all_models{
    tables::v2_s,
    tables::v2_m,
    tables::v2_l,
    tables::v2_xl,
    tables::v2_b0,
    scale(tables::v2_b0, "b1", 1.0, 1.1, 0.2, 192, 240, false),
    scale(tables::v2_b0, "b2", 1.1, 1.2, 0.3, 208, 260, false),
    scale(tables::v2_b0, "b3", 1.2, 1.4, 0.3, 240, 300, false),
    tables::v1_b0,
    scale(tables::v1_b0, "v1-b1", 1.0, 1.1, 0.2, 240, 240, true),
    scale(tables::v1_b0, "v1-b2", 1.1, 1.2, 0.3, 260, 260, true),
    scale(tables::v1_b0, "v1-b3", 1.2, 1.4, 0.3, 300, 300, true),
    scale(tables::v1_b0, "v1-b4", 1.4, 1.8, 0.4, 380, 380, true),
    scale(tables::v1_b0, "v1-b5", 1.6, 2.2, 0.4, 456, 456, true),
    scale(tables::v1_b0, "v1-b6", 1.8, 2.6, 0.5, 528, 528, true),
    scale(tables::v1_b0, "v1-b7", 2.0, 3.1, 0.5, 600, 600, true),
    tables::tiny,
    tables::mini,
};

/// The table named `name`; Error(invalid_argument) lists the names there are.
inline const ModelSpec& find_model(std::string_view name) {
  std::string names;
  for (const ModelSpec& spec : all_models) {
    if (spec.name == name) return spec;
    names += ' ';
    names += spec.name;
  }
  throw_error(ErrorCode::invalid_argument, "[model] no model \"", name, "\"; there are:", names);
}

}  // namespace effv2::inline EFFV2_ISA::models
