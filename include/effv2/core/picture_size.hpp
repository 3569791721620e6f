// Height and width of pictures.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "error.hpp"
#include "isa.hpp"
#include "text.hpp"

namespace effv2::inline EFFV2_ISA {

/// In pixels. One number is the side of a square; the default, as an option, leaves pictures as
/// large as they are.
struct PictureSize {
  std::int64_t height = 0, width = 0;

  constexpr PictureSize() = default;
  constexpr PictureSize(std::int64_t side) : PictureSize(side, side) {}
  constexpr PictureSize(std::int64_t rows, std::int64_t columns) : height(rows), width(columns) {}

  /// "28" or "64x96", height first; "0": as they are. Throws Error(invalid_argument) on other
  /// texts.
  static PictureSize parse(std::string_view text) {
    const std::size_t cross = text.find('x');
    const auto number = [text](std::string_view digits) {
      const std::optional<std::int64_t> value = text::parse_number<std::int64_t>(digits);
      EFFV2_CHECK(value && *value >= 0, ErrorCode::invalid_argument,
                  "[picture_size] expected pixels such as 28 or 64x96, got \"", text, '"');
      return *value;
    };
    if (cross == text.npos) return number(text);
    return PictureSize(number(text.substr(0, cross)), number(text.substr(cross + 1))).validated();
  }

  /// This, or Error(invalid_argument): a side below 1 that is not both of "as they are".
  constexpr const PictureSize& validated() const {
    EFFV2_CHECK((height > 0 && width > 0) || (height == 0 && width == 0),
                ErrorCode::invalid_argument, "[picture_size] expected a height and a width, got ",
                height, " and ", width);
    return *this;
  }

  constexpr bool is_given() const { return height != 0 || width != 0; }
  constexpr PictureSize value_or(PictureSize own) const { return is_given() ? *this : own; }

  /// As parse reads it.
  std::string to_string() const {
    return height == width ? concat(height) : concat(height, 'x', width);
  }

  constexpr auto operator<=>(const PictureSize&) const = default;  // for containers
};

}  // namespace effv2::inline EFFV2_ISA
