// Whether a program's answers arrived.
#pragma once

#include <cstdio>
#include <effv2/core/error.hpp>

/// Throws effv2::Error unless all of standard output could be written: a full disk is no success.
inline void check_written_out() {
  const bool flushed = std::fflush(stdout) == 0;
  EFFV2_CHECK(flushed && std::ferror(stdout) == 0, effv2::ErrorCode::io,
              "standard output could not be written");
}
