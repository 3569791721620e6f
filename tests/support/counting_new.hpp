// operator new of a test program, which counting_new.cpp replaces: counts the calls, and fails
// while a `NoMemory` lives or once when `fails_after` calls are through. Defined over there, so
// that a program without it does not link instead of counting nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace effv2::testing {

extern std::atomic<std::int64_t> allocations;
extern std::atomic<bool> refuses;
extern std::atomic<std::int64_t> fails_after;  // negative: does not

/// While it lives, every operator new throws std::bad_alloc.
struct NoMemory {
  NoMemory() { refuses = true; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory() { refuses = false; }
};

}  // namespace effv2::testing
