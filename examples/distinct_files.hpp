// Files that a program reads or writes, and may not take for each other.
#pragma once

#include <effv2/core/error.hpp>
#include <filesystem>
#include <string>
#include <system_error>

/// Throws effv2::Error if `out`, which is to be written, is `other` by whatever name.
inline void check_distinct(const std::string& out, const std::string& other) {
  std::error_code unknown;  // a path that leads nowhere is found out when it is opened
  EFFV2_CHECK(std::filesystem::weakly_canonical(out, unknown) !=
                  std::filesystem::weakly_canonical(other, unknown),
              effv2::ErrorCode::invalid_argument, out, " would be written over ", other);
}
