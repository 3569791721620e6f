#include "counting_new.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace effv2::testing {

// Initialised before any constructor of a global allocates.
constinit std::atomic<std::int64_t> allocations{0};
constinit std::atomic<bool> refuses{false};
constinit std::atomic<std::int64_t> fails_after{-1};

}  // namespace effv2::testing

namespace {

using namespace effv2::testing;

bool fails() { return refuses || (fails_after >= 0 && fails_after-- == 0); }

void* counted(void* memory) {
  ++allocations;
  if (memory != nullptr) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Not inlined: g++ would take malloc and delete for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(fails() ? nullptr : std::malloc(bytes));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t align) {
  const auto a = static_cast<std::size_t>(align);
  return counted(fails() ? nullptr : std::aligned_alloc(a, (bytes + a - 1) / a * a));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return fails() ? nullptr : std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
