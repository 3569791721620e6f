// Numbers as people read them, and text that may stand in HTML, SVG and JSON.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA::text {

/// What stands in the place of a number that is none.
inline constexpr std::string_view no_number = "–";

namespace detail {

// Commas between the thousands of the digits that begin at `first`.
inline std::string with_commas(std::string digits, std::size_t first) {
  for (std::size_t i = std::min(digits.size(), digits.find('.')); i > first + 3; i -= 3) {
    digits.insert(i - 3, 1, ',');
  }
  return digits;
}

}  // namespace detail

/// The number that the whole of `text` is, or nothing.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return {};
  return value;
}

/// The value of an enumeration by its name, or nothing; `names` are in the order of the values.
template <class Kind>
std::optional<Kind> kind_named(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return {};
  return static_cast<Kind>(found - names.begin());
}

/// 1234567 -> "1,234,567"
inline std::string grouped(std::int64_t value) {
  return detail::with_commas(std::to_string(value), value < 0 ? 1 : 0);
}

/// With so many decimals, 40 at most: fixed(1234.567, 2) -> "1,234.57".
inline std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return std::string(no_number);
  if (std::abs(value) >= 1e15) return value < 0.0 ? "-∞" : "∞";  // of no use to anybody
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed,
                                 std::clamp(decimals, 0, 40))
                       .ptr;
  return detail::with_commas({digits, end}, digits[0] == '-' ? 1 : 0);
}

/// With so many significant digits and no zeros at the end: rounded(0.002004) -> "0.002".
inline std::string rounded(double value, int digits = 3) {
  if (value == 0.0) return "0";
  if (!std::isfinite(value)) return std::string(no_number);
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value))));
  if (exponent < -4) {
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::scientific,
                                std::clamp(digits - 1, 0, 40))
                      .ptr};
  }
  std::string text = fixed(value, std::max(0, digits - 1 - exponent));
  if (text.find('.') != text.npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

/// 0.99483 -> "99.48 %"
inline std::string percent(double part) { return concat(fixed(100.0 * part, 2), " %"); }

/// 20189866 -> "20.2 M"
inline std::string in_short(double value) {
  constexpr struct {
    double unit;
    std::string_view letter;
  } units[] = {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}};
  for (const auto& [unit, letter] : units) {
    if (std::abs(value) >= unit) return concat(rounded(value / unit), letter);
  }
  return rounded(value);
}

/// 644.3 seconds -> "10 min 44 s"
inline std::string duration(double seconds) {
  if (!(seconds >= 0.0 && seconds < 1e12)) return std::string(no_number);
  const std::int64_t whole = std::llround(seconds);
  const auto two_digits = [](std::int64_t value) { return concat(value < 10 ? "0" : "", value); };
  if (whole < 60) return concat(whole, " s");
  if (whole < 3600) return concat(whole / 60, " min ", two_digits(whole % 60), " s");
  return concat(grouped(whole / 3600), " h ", two_digits(whole / 60 % 60), " min");
}

/// Whether a text is UTF-8 (Unicode 15, table 3-7: nothing overlong, no surrogates, no more than
/// U+10FFFF), as JSON and ONNX have to be.
inline bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const unsigned first = byte(i);
    const std::size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (more > 0 && (first < 0xC2 || first > 0xF4)) return false;
    // The second byte's range depends on the first.
    const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (more > 0 && (byte(i + 1) < low || byte(i + 1) > high)) return false;
    for (std::size_t k = 2; k <= more; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xBF) return false;
    }
    i += more + 1;
  }
  return true;
}

/// Whether a text can be a name: UTF-8, in one line.
inline bool is_name(std::string_view text) { return text.find('\n') == text.npos && is_utf8(text); }

/// Adds a text to JSON as a string. Error(invalid_argument) for one that is not UTF-8.
inline void append_json_string(std::string& json, std::string_view value) {
  EFFV2_CHECK(is_utf8(value), ErrorCode::invalid_argument, "[json] a text that is not UTF-8: \"",
              value, '"');
  constexpr std::string_view digits = "0123456789abcdef";
  json += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\', json += c;
    } else if (byte < 0x20) {
      json += "\\u00", json += digits[byte >> 4], json += digits[byte & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

/// The lines of one text that the other lacks, a line each behind `title`: the first twenty, and
/// how many more there are.
inline std::string missing_lines(const std::string& from, const std::string& in,
                                 std::string_view title) {
  constexpr int most = 20;
  int count = 0;
  std::string missing;
  const std::string all = '\n' + in + '\n';
  for (std::size_t begin = 0; begin <= from.size();) {
    const std::size_t end = std::min(from.find('\n', begin), from.size());
    const std::string line = from.substr(begin, end - begin);
    const bool is_missing = all.find('\n' + line + '\n') == all.npos;
    if (is_missing && ++count <= most) missing += concat("\n  ", title, line);
    begin = end + 1;
  }
  if (count > most) missing += concat("\n  ", title, count - most, " lines more");
  return missing;
}

/// For the text and the attributes of HTML and SVG: characters that mean something there are
/// written as references, control characters, which XML does not allow, as a question mark.
inline std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const char* reference = c == '&'    ? "&amp;"
                            : c == '<'  ? "&lt;"
                            : c == '>'  ? "&gt;"
                            : c == '"'  ? "&quot;"
                            : c == '\'' ? "&#39;"
                                        : nullptr;
    const auto code = static_cast<unsigned char>(c);
    const bool is_control = (code < 0x20 && c != '\n' && c != '\t') || code == 0x7F;
    if (reference != nullptr) {
      result += reference;
    } else {
      result += is_control ? '?' : c;
    }
  }
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::text
