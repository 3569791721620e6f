// Somebody's handwriting, made to look as MNIST's pictures do.
#pragma once

#include <cstdint>
#include <effv2/core/tensor.hpp>

/// Height and width of MNIST's pictures.
inline constexpr std::int64_t digit_size = 28;

/// Whether the background of a grey picture (H, W, 1), which is what its border shows, is dark.
bool is_light_on_dark(const effv2::Tensor<std::uint8_t>& picture);

/// A grey picture (H, W, 1) of one digit, of any size, dark on light or light on dark, as (28, 28,
/// 1): light on black, scaled and centred.
effv2::Tensor<std::uint8_t> centred_digit(const effv2::Tensor<std::uint8_t>& picture);
