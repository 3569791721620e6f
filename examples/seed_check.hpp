// The --seed of the larger examples.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <effv2/core/text.hpp>
#include <optional>
#include <string>

/// Of the text, because CLI11 makes the largest number of any that is too large: two seeds would be
/// the same run.
inline CLI::Validator seed_check() {
  const auto check = [](const std::string& text) {
    const std::optional<std::int64_t> seed = effv2::text::parse_number<std::int64_t>(text);
    return seed.value_or(-1) >= 0 ? std::string()
                                  : "expected a whole number from 0 to 2^63 - 1, got " + text;
  };
  return {check, "0 - 2^63 - 1"};
}
