// Whole numbers on the command lines of the small examples.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <effv2/core/error.hpp>

/// The number that `text` is, and nothing else. Throws effv2::Error, which calls it `what`, unless
/// it is in [least, most].
inline std::int64_t whole_number(const char* text, const char* what, std::int64_t least,
                                 std::int64_t most) {
  std::int64_t number = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  EFFV2_CHECK(error == std::errc{} && stop == end && number >= least && number <= most,
              effv2::ErrorCode::invalid_argument, "expected ", what, " from ", least, " to ", most,
              ", got ", text);
  return number;
}
