// Pictures from files, by stb_image: what the examples give to the library as a decoder.
#pragma once

#include <cstdint>
#include <effv2/core/byte_source.hpp>
#include <effv2/core/error.hpp>
#include <effv2/core/tensor.hpp>
#include <limits>
#include <memory>
#include <span>
#include <string>

// The decoder is someone else's code, which our warnings do not concern.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#ifndef __clang__
#  pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 with -march=x86-64
#endif
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#pragma GCC diagnostic pop

/// PNG, JPEG, BMP or PGM as (height, width, channels) with 1 (grey) or 3 (red, green, blue)
/// channels, whatever the file has; what is transparent lies on white paper. `name`: for errors.
inline effv2::Tensor<std::uint8_t> decode_picture(std::span<const std::uint8_t> bytes,
                                                  const std::string& name, int channels) {
  constexpr std::size_t most = std::numeric_limits<int>::max();
  EFFV2_CHECK(bytes.size() <= most, effv2::ErrorCode::format, "[picture] ", name,
              ": larger than 2 GiB");
  const int count = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels_of_file = 0;
  const int stride = channels + 1;  // opaque where the file says nothing of transparency
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), count, &width, &height, &channels_of_file, stride),
      stbi_image_free);
  EFFV2_CHECK(pixels != nullptr, effv2::ErrorCode::format, "[picture] ", name, ": ",
              stbi_failure_reason());
  effv2::Tensor<std::uint8_t> picture({height, width, channels});
  for (std::int64_t i = 0; i < picture.size(); ++i) {
    const stbi_uc* pixel = pixels.get() + i / channels * stride;
    const int value = pixel[i % channels], alpha = pixel[channels];
    picture[i] = static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return picture;
}

inline effv2::Tensor<std::uint8_t> decode_picture(const std::string& path, int channels) {
  return decode_picture(effv2::read_file(path), path, channels);
}
