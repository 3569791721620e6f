// Replaces operator new in a test program: counts the calls, and fails while a `NoMemory` lives or
// once when `fails_after` calls are through. For one source file of a program only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

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

inline bool fails() { return refuses || (fails_after >= 0 && fails_after-- == 0); }

inline void* counted(void* memory) {
  ++allocations;
  if (memory != nullptr) return memory;
  throw std::bad_alloc();
}

}  // namespace effv2::testing

// Not inlined: g++ would take malloc and delete for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return effv2::testing::counted(effv2::testing::fails() ? nullptr : std::malloc(bytes));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t align) {
  const auto a = static_cast<std::size_t>(align);
  return effv2::testing::counted(
      effv2::testing::fails() ? nullptr : std::aligned_alloc(a, (bytes + a - 1) / a * a));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++effv2::testing::allocations;
  return effv2::testing::fails() ? nullptr : std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
