// operator new of a test program, which counting_new.cpp replaces: counts the calls, and fails
// while a `NoMemory` lives or once when `fails_after` calls are through.
#pragma once

#include <atomic>
#include <cstdint>

namespace effv2::testing {

inline std::atomic<std::int64_t> allocations{0};
inline std::atomic<bool> refuses{false};
inline std::atomic<std::int64_t> fails_after{-1};  // negative: does not

/// While it lives, every operator new throws std::bad_alloc.
struct NoMemory {
  NoMemory() { refuses = true; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory() { refuses = false; }
};

}  // namespace effv2::testing
