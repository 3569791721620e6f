// Pictures as PNG, without compression: for small ones, in a page that holds everything itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::io {

namespace detail {

using Bytes = std::vector<std::uint8_t>;

// Most significant byte first.
inline void put32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift & 0xFFU));
  }
}

// PNG specification, annex D: the remainder of a division by the polynomial 0xEDB88320.
inline std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

// RFC 1950, section 9.
inline std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : bytes) a = (a + byte) % 65521U, b = (b + a) % 65521U;
  return b << 16 | a;
}

inline void put_chunk(Bytes& png, std::string_view type, const Bytes& content) {
  put32(png, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), content.begin(), content.end());
  put32(png, crc32(std::span(png).subspan(begin)));
}

// RFC 1950 and 1951: a zlib stream of stored blocks.
inline Bytes stored(const Bytes& bytes) {
  constexpr std::size_t largest = 65535;
  Bytes stream{0x78, 0x01};
  std::size_t begin = 0;
  do {
    const std::size_t count = std::min(largest, bytes.size() - begin);
    const bool is_last = begin + count == bytes.size();
    const auto low = static_cast<std::uint8_t>(count), high = static_cast<std::uint8_t>(count >> 8);
    const auto not_low = static_cast<std::uint8_t>(~low),
               not_high = static_cast<std::uint8_t>(~high);
    stream.insert(stream.end(), {std::uint8_t{is_last}, low, high, not_low, not_high});
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
    stream.insert(stream.end(), from, from + static_cast<std::ptrdiff_t>(count));
    begin += count;
  } while (begin < bytes.size());
  put32(stream, adler32(bytes));
  return stream;
}

}  // namespace detail

/// A picture (H, W, C) of 1 (grey) or 3 (red, green, blue) channels as the bytes of a file.
inline std::vector<std::uint8_t> encode_png(View<const std::uint8_t> picture) {
  EFFV2_CHECK(picture.shape().rank() == 3 && !picture.empty() &&
                  (picture.extent(2) == 1 || picture.extent(2) == 3),
              ErrorCode::shape_mismatch,
              "[png] expected a picture (H, W, C) of 1 or 3 channels, got ", picture.shape());
  const std::int64_t height = picture.extent(0), row = picture.extent(1) * picture.extent(2);
  detail::Bytes rows;
  for (std::int64_t y = 0; y < height; ++y) {
    rows.push_back(0);  // the row is as it is, no differences
    rows.insert(rows.end(), picture.data() + y * row, picture.data() + (y + 1) * row);
  }
  detail::Bytes header;
  detail::put32(header, static_cast<std::uint32_t>(picture.extent(1)));
  detail::put32(header, static_cast<std::uint32_t>(height));
  const std::uint8_t color = picture.extent(2) == 3 ? 2 : 0;
  header.insert(header.end(), {8, color, 0, 0, 0});  // bits, colours, the only methods there are
  detail::Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  detail::put_chunk(png, "IHDR", header);
  detail::put_chunk(png, "IDAT", detail::stored(rows));
  detail::put_chunk(png, "IEND", {});
  return png;
}

/// RFC 4648, with padding.
inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? alphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

/// What stands in the src of an <img>.
inline std::string png_data_uri(View<const std::uint8_t> picture) {
  return concat("data:image/png;base64,", base64(encode_png(picture)));
}

}  // namespace effv2::inline EFFV2_ISA::io
