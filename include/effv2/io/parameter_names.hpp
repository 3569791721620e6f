// What other libraries call the parameters of an EfficientNet, and how they lay them out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../models/block_spec.hpp"

namespace effv2::inline EFFV2_ISA::io {

enum class Naming {
  effv2,        // the paths that nn::for_each_parameter yields, and this library's layouts
  torchvision,  // torchvision.models.efficientnet: "features.1.0.block.0.0.weight"
  timm,         // timm.models.efficientnet: "blocks.0.0.conv.weight"
};

inline constexpr std::string_view naming_names[] = {"effv2", "torchvision", "timm"};
constexpr std::string_view name_of(Naming naming) { return naming_names[static_cast<int>(naming)]; }

namespace detail {

// A convolution and its batch norm.
struct UnitNames {
  std::string_view conv, bn;
};

struct BlockNames {
  UnitNames expand, depthwise, project;
  std::string_view se_reduce, se_expand;
};

constexpr BlockNames block_names(Naming naming, models::BlockKind kind, bool expands) {
  const bool is_torchvision = naming == Naming::torchvision;
  switch (kind) {
    case models::BlockKind::mbconv: {
      constexpr std::string_view reduce = "se.conv_reduce", expand = "se.conv_expand";
      if (is_torchvision && !expands) return {{}, {"0.0", "0.1"}, {"2.0", "2.1"}, "1.fc1", "1.fc2"};
      if (is_torchvision) return {{"0.0", "0.1"}, {"1.0", "1.1"}, {"3.0", "3.1"}, "2.fc1", "2.fc2"};
      if (!expands) return {{}, {"conv_dw", "bn1"}, {"conv_pw", "bn2"}, reduce, expand};
      return {{"conv_pw", "bn1"}, {"conv_dw", "bn2"}, {"conv_pwl", "bn3"}, reduce, expand};
    }
    case models::BlockKind::fused_mbconv:
      if (is_torchvision) return {{"0.0", "0.1"}, {}, {"1.0", "1.1"}, {}, {}};
      if (!expands) return {{"conv", "bn1"}, {}, {}, {}, {}};
      return {{"conv_exp", "bn1"}, {}, {"conv_pwl", "bn2"}, {}, {}};
  }
  return {};
}

// Takes "name." from the front of a path.
inline std::string_view take_name(std::string_view& path) {
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  path.remove_prefix(dot == path.npos ? path.size() : dot + 1);
  return name;
}

// "conv.weight" and "bn.bias" of a unit.
EFFV2_SETUP inline std::string unit_name(std::string prefix, const UnitNames& names,
                                         std::string_view rest) {
  prefix += take_name(rest) == "conv" ? names.conv : names.bn;
  prefix += '.';
  return prefix += rest;
}

EFFV2_SETUP inline std::string block_name(std::string prefix, const BlockNames& names,
                                          std::string_view rest) {
  const std::string_view part = take_name(rest);
  if (part == "expand") return unit_name(prefix, names.expand, rest);
  if (part == "depthwise") return unit_name(prefix, names.depthwise, rest);
  if (part == "project") return unit_name(prefix, names.project, rest);
  prefix += take_name(rest) == "reduce" ? names.se_reduce : names.se_expand;
  prefix += '.';
  return prefix += rest;
}

}  // namespace detail

/// The name of the parameter or state at `path` of an EfficientNet built from `spec`.
EFFV2_SETUP inline std::string foreign_name(Naming naming, const models::ModelSpec& spec,
                                            std::string_view path) {
  if (naming == Naming::effv2) return std::string(path);
  const bool is_timm = naming == Naming::timm;
  std::string_view rest = path;
  const std::string_view part = detail::take_name(rest);
  if (part == "stem") {
    return is_timm ? detail::unit_name("", {"conv_stem", "bn1"}, rest)
                   : detail::unit_name("features.0.", {"0", "1"}, rest);
  }
  if (part == "head") {
    return is_timm ? detail::unit_name("", {"conv_head", "bn2"}, rest)
                   : detail::unit_name(concat("features.", spec.stage_count + 1, "."), {"0", "1"},
                                       rest);
  }
  if (part == "classifier") return (is_timm ? "classifier." : "classifier.1.") + std::string(rest);
  EFFV2_CHECK(part == "blocks", ErrorCode::invalid_argument,
              "[names] no part of an EfficientNet: ", path);
  EFFV2_CHECK(spec.stage_count > 0, ErrorCode::invalid_argument, "[names] ", name_of(naming),
              "'s names need the model's table");
  const std::optional<int> number = text::parse_number<int>(detail::take_name(rest));
  EFFV2_CHECK(number && *number >= 0, ErrorCode::invalid_argument,
              "[names] no block of an EfficientNet: ", path);
  int block = *number, stage = 0;
  while (block >= spec.table[static_cast<std::size_t>(stage)].repeats) {
    block -= spec.table[static_cast<std::size_t>(stage)].repeats;
    EFFV2_CHECK(++stage < spec.stage_count, ErrorCode::invalid_argument,
                "[names] more blocks than the table has: ", path);
  }
  const models::StageSpec& row = spec.table[static_cast<std::size_t>(stage)];
  const detail::BlockNames names = detail::block_names(naming, row.kind, row.expand != 1);
  return detail::block_name(is_timm ? concat("blocks.", stage, ".", block, ".")
                                    : concat("features.", stage + 1, ".", block, ".block."),
                            names, rest);
}

/// The shape that PyTorch gives to a parameter of this library's `shape`: convolutions (O, I, k, k)
/// for (k, k, I, O), depthwise ones (C, 1, k, k) for (k, k, C), matrices (out, in) for (in, out),
/// and (out, in, 1, 1) where it has a 1 x 1 convolution instead of a linear layer
/// (squeeze-and-excite).
inline Shape torch_shape(const Shape& shape, bool is_convolution) {
  switch (shape.rank()) {
    case 4:
      return {shape[3], shape[2], shape[0], shape[1]};
    case 3:
      return {shape[2], 1, shape[0], shape[1]};
    case 2:
      return is_convolution ? Shape{shape[1], shape[0], 1, 1} : Shape{shape[1], shape[0]};
    default:
      return shape;
  }
}

namespace detail {

// Calls move(ours, theirs) for the place of every number in both layouts: a matrix of taps and
// inputs by outputs, turned round.
template <class Move>
void for_each_place(const Shape& ours, Move&& move) {
  const int rank = ours.rank();
  const std::int64_t outputs = ours[rank - 1], inputs = rank == 3 ? 1 : ours[rank == 4 ? 2 : 0];
  const std::int64_t taps = rank == 2 ? 1 : ours[0] * ours[1];
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        move((tap * inputs + i) * outputs + o, (o * inputs + i) * taps + tap);
      }
    }
  }
}

}  // namespace detail

/// Values in PyTorch's layout, and back: bit for bit.
template <class T>
Tensor<T> to_torch(const Tensor<T>& values, bool is_convolution) {
  if (values.rank() < 2) return Tensor<T>(values);
  Tensor<T> result = Tensor<T>::uninitialized(torch_shape(values.shape(), is_convolution));
  detail::for_each_place(values.shape(), [&](std::int64_t ours, std::int64_t theirs) {
    result[theirs] = values[ours];
  });
  return result;
}
template <class T>
Tensor<T> from_torch(const Tensor<T>& values, const Shape& shape) {
  EFFV2_CHECK(values.size() == shape.size(), ErrorCode::shape_mismatch, "[names] ", values.shape(),
              " cannot become ", shape);
  if (shape.rank() < 2) return Tensor<T>(values);
  Tensor<T> result = Tensor<T>::uninitialized(shape);
  detail::for_each_place(
      shape, [&](std::int64_t ours, std::int64_t theirs) { result[ours] = values[theirs]; });
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::io
