// Aligned blocks of memory, and a pool that hands the same ones out step after step.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "isa.hpp"
#include "slabs.hpp"

namespace effv2::inline EFFV2_ISA {

class MemoryPool;

/// Owns one aligned block; gives it back to its pool, if it has one, or to the system.
class Block {
 public:
  Block() = default;
  Block(std::byte* data, std::size_t bytes, std::shared_ptr<MemoryPool> pool)
      : data_(data), bytes_(bytes), pool_(std::move(pool)) {}
  Block(Block&& other) noexcept { swap(other); }
  Block& operator=(Block&& other) noexcept {
    Block(std::move(other)).swap(*this);
    return *this;
  }
  inline ~Block();

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  static Block allocate(std::size_t bytes) {
    return {detail::Slabs::instance().take(bytes), bytes, {}};
  }

 private:
  void swap(Block& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(pool_, other.pool_);
  }

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::shared_ptr<MemoryPool> pool_;
};

/// Keeps freed blocks by size class, and hands one out to a request of its class or down to half of
/// its size. A loop that asks for the same sizes in the same order finds every block from the
/// second round on, so a steady training step allocates nothing. Safe to use from many threads;
/// lives as long as any block taken from it.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
  struct Private {};  // blocks share the ownership: a pool is never on the stack

 public:
  static std::shared_ptr<MemoryPool> create() { return std::make_shared<MemoryPool>(Private{}); }

  explicit MemoryPool(Private) {}
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool() { trim(); }

  Block take(std::size_t bytes) {
    std::size_t rounded = size_class(bytes);
    std::byte* data = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (FreeList* list = smallest_free(rounded)) {
        data = list->blocks.back();
        list->blocks.pop_back();
        rounded = list->bytes;
      } else {
        // Room for every block of this class, so that giving one back never allocates or throws.
        FreeList& own = list_of(rounded);
        own.blocks.reserve(own.total + 1);
        ++own.total;
        reserved_ += rounded;
      }
    }
    if (data == nullptr) data = allocate(rounded);
    return {data, rounded, shared_from_this()};
  }

  /// Gives the free blocks back to the system.
  void trim() {
    const std::lock_guard lock(mutex_);
    for (FreeList& list : lists_) {
      for (std::byte* data : list.blocks) {
        detail::Slabs::instance().give_back(data, list.bytes);
        reserved_ -= list.bytes;
      }
      list.total -= list.blocks.size();
      list.blocks.clear();
    }
  }

  /// Bytes taken from the system and not given back: the high-water mark of a steady loop.
  std::size_t reserved_bytes() const {
    const std::lock_guard lock(mutex_);
    return reserved_;
  }

 private:
  friend class Block;
  struct FreeList {
    std::size_t bytes = 0, total = 0;
    std::vector<std::byte*> blocks;
  };

  // Eight classes an octave: at most 12.5 % of a block is slack, and tensors of nearly equal size
  // share blocks.
  static std::size_t size_class(std::size_t bytes) {
    constexpr std::size_t smallest = 8 * alignment;
    if (bytes <= smallest) return smallest;
    const std::size_t granule = std::bit_floor(bytes - 1) / 8;
    return (bytes + granule - 1) / granule * granule;
  }

  // Free blocks of the smallest class that fits, up to twice the size (measured: a network's
  // training step takes an eighth less memory than with blocks of its own for every class).
  FreeList* smallest_free(std::size_t bytes) {
    FreeList* best = nullptr;
    for (FreeList& list : lists_) {
      if (list.blocks.empty() || list.bytes < bytes || list.bytes > 2 * bytes) continue;
      if (best == nullptr || list.bytes < best->bytes) best = &list;
    }
    return best;
  }

  FreeList& list_of(std::size_t bytes) {
    for (FreeList& list : lists_) {
      if (list.bytes == bytes) return list;
    }
    lists_.push_back({bytes, 0, {}});
    return lists_.back();
  }

  std::byte* allocate(std::size_t bytes) {
    try {
      return detail::Slabs::instance().take(bytes);
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex_);
      reserved_ -= bytes;
      --list_of(bytes).total;
      throw;
    }
  }

  void give_back(std::byte* data, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    list_of(bytes).blocks.push_back(data);
  }

  mutable std::mutex mutex_;
  std::vector<FreeList> lists_;
  std::size_t reserved_ = 0;
};

inline Block::~Block() {
  if (data_ == nullptr) return;
  if (pool_ != nullptr) {
    pool_->give_back(data_, bytes_);
  } else {
    detail::Slabs::instance().give_back(data_, bytes_);
  }
}

}  // namespace effv2::inline EFFV2_ISA
