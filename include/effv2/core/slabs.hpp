// Where blocks of memory come from: slabs on large pages.
//
// Weights, gradients and moments are read once a step, in patterns that visit many pages; with
// pages of 4 KiB a step spends several percent of its time finding out where they are. Blocks are
// therefore carved out of slabs for which the system is asked for large pages (Linux: madvise).
#pragma once

#include <cstddef>
#include <mutex>
#include <new>
#include <vector>

#ifdef __linux__
#  include <sys/mman.h>
#endif

#include "isa.hpp"
#include "processor.hpp"

namespace effv2::inline EFFV2_ISA {

/// One cache line, one AVX-512 register. Fixed, so that the layout does not depend on the flags.
inline constexpr std::size_t alignment = 64;

namespace detail {

/// Hands out aligned blocks. Safe to use from many threads.
class Slabs {
 public:
  /// Blocks from a 1024th of a slab to half of one share slabs, larger ones get one of their own;
  /// small ones come from the heap.
  static constexpr std::size_t page = std::size_t{1} << 21, slab_bytes = 16 * page;
  static constexpr std::size_t smallest = slab_bytes / 1024, largest = slab_bytes / 2;

  /// The one of this program. Never destroyed: tensors with static storage may outlive it.
  EFFV2_ONE_PER_PROGRAM static Slabs& instance() {
    static Slabs& slabs = *new Slabs;
    return slabs;
  }

  /// Under the address sanitiser every block is the heap's, with its red zones.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool in_heap = true;
#elif defined(__has_feature)  // clang's spelling
  static constexpr bool in_heap = __has_feature(address_sanitizer);
#else
  static constexpr bool in_heap = false;
#endif

  // Whatever a program does with the library begins with memory.
  Slabs() { require_processor(); }
  Slabs(const Slabs&) = delete;
  Slabs& operator=(const Slabs&) = delete;
  ~Slabs() {
    for (const Slab& slab : slabs_) free(slab.data, page);
  }

  std::byte* take(std::size_t bytes) {
    if (bytes < smallest || in_heap) return heap(bytes, alignment);
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > largest) return on_large_pages(bytes);
    const std::lock_guard lock(mutex_);
    for (Slab& slab : slabs_) {
      if (std::byte* block = slab.take(bytes)) return block;
    }
    slabs_.reserve(slabs_.size() + 1);  // so that no slab is lost to a push_back that throws
    slabs_.push_back(Slab(on_large_pages(slab_bytes)));
    return slabs_.back().take(bytes);
  }

  /// `bytes` as they were asked for.
  void give_back(std::byte* block, std::size_t bytes) noexcept {
    if (bytes < smallest || in_heap) return free(block, alignment);
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > largest) return free(block, page);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < slabs_.size(); ++i) {
      Slab& slab = slabs_[i];
      if (block < slab.data || block >= slab.data + slab_bytes) continue;
      slab.give_back(block, bytes);
      if (slab.is_empty() && i + 1 < slabs_.size()) {  // the last one stays, to be filled again
        free(slab.data, page);
        slabs_.erase(slabs_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      return;
    }
  }

 private:
  // A free piece of a slab; this stands at its beginning.
  struct Hole {
    std::size_t bytes;
    Hole* next;  // behind this one, not adjacent

    std::byte* begin() { return reinterpret_cast<std::byte*>(this); }
    std::byte* end() { return begin() + bytes; }
  };

  struct Slab {
    std::byte* data;
    Hole* holes;  // in the order of their places

    explicit Slab(std::byte* memory)
        : data(memory), holes(new (memory) Hole{slab_bytes, nullptr}) {}

    bool is_empty() const { return holes != nullptr && holes->bytes == slab_bytes; }

    // The beginning of the first hole that is large enough, if there is one.
    std::byte* take(std::size_t bytes) noexcept {
      for (Hole** link = &holes; *link != nullptr; link = &(*link)->next) {
        Hole* const hole = *link;
        if (hole->bytes < bytes) continue;
        *link = hole->bytes == bytes ? hole->next
                                     : new (hole->begin() + bytes)
                                           Hole{hole->bytes - bytes, hole->next};
        return hole->begin();
      }
      return nullptr;
    }

    // The block becomes a hole, one with those that it touches.
    void give_back(std::byte* block, std::size_t bytes) noexcept {
      Hole *before = nullptr, *after = holes;
      while (after != nullptr && after->begin() < block) before = after, after = after->next;
      Hole* hole = new (block) Hole{bytes, after};
      if (after != nullptr && hole->end() == after->begin()) {
        hole->bytes += after->bytes, hole->next = after->next;
      }
      if (before == nullptr) {
        holes = hole;
      } else if (before->end() == block) {
        before->bytes += hole->bytes, before->next = hole->next;
      } else {
        before->next = hole;
      }
    }
  };

  static std::byte* heap(std::size_t bytes, std::size_t align) {
    return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{align}));
  }
  static void free(std::byte* data, std::size_t align) noexcept {
    ::operator delete (data, std::align_val_t{align});
  }
  static std::byte* on_large_pages(std::size_t bytes) {
    std::byte* data = heap(bytes, page);
#ifdef __linux__
    // A wish: without large pages everything works, slower.
    static_cast<void>(madvise(data, bytes / page * page, MADV_HUGEPAGE));
#endif
    return data;
  }

  std::mutex mutex_;
  std::vector<Slab> slabs_;
};

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA
