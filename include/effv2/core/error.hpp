// The one exception type of the library, and the check that throws it.
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "isa.hpp"

// An error may be thrown by one translation unit and caught by another that was compiled for
// another instruction set: it has one name for both.
namespace effv2 {

enum class ErrorCode {
  invalid_argument,  // a value outside of its domain: a rate of 1.5, a stride of 0
  shape_mismatch,    // tensors whose extents do not fit together
  overflow,          // a product of extents beyond 64 bits
  io,                // the operating system refused: missing file, full disk
  format,            // a file that is damaged or is not what it says
  non_finite,        // NaN or infinity where a number is needed
  unsupported,       // a combination this library does not implement
};

/// What every function of the library throws on bad input. `what()` names the place in brackets and
/// says what was expected and what was found.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  Error(ErrorCode code, const char* text) : std::runtime_error(text), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace effv2

namespace effv2::inline EFFV2_ISA {

namespace detail {

inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, const char* part) { text += part; }
inline void append(std::string& text, char part) { text += part; }

template <class Part>
requires std::is_arithmetic_v<Part>
void append(std::string& text, Part part) {
  if constexpr (std::is_same_v<Part, bool>) {
    text += part ? "true" : "false";
  } else {
    char digits[64];  // a floating-point number as short as reads back exactly
    text.append(digits, std::to_chars(digits, digits + sizeof digits, part).ptr);
  }
}

template <class Part>
requires requires(const Part& part) {
  { part.to_string() } -> std::convertible_to<std::string>;
}
void append(std::string& text, const Part& part) { text += part.to_string(); }

}  // namespace detail

/// Joins strings, numbers and anything with a `to_string()` member into one text.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (detail::append(text, parts), ...);
  return text;
}

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void throw_error(ErrorCode code, const Parts&... parts) {
  throw Error(code, concat(parts...));
}

}  // namespace effv2::inline EFFV2_ISA

/// EFFV2_CHECK(extent > 0, ErrorCode::invalid_argument, "[shape] expected ..., got ", extent);
#define EFFV2_CHECK(condition, ...)      \
  do {                                   \
    if (!(condition)) [[unlikely]]       \
      ::effv2::throw_error(__VA_ARGS__); \
  } while (false)
