#include <algorithm>
#include <atomic>
#include <effv2/core/memory.hpp>
#include <effv2/core/tensor.hpp>
#include <thread>
#include <vector>

#include "../catch.hpp"
#include "../support/counting_new.hpp"

namespace effv2::memory_test {

TEST_CASE("a block that came back is handed out again", "[memory]") {
  const auto pool = MemoryPool::create();
  const float* first = nullptr;
  {
    const auto t = Tensor<float>::uninitialized({1000}, pool.get());
    first = t.data();
  }
  const std::size_t reserved = pool->reserved_bytes();
  CHECK(reserved >= 4000);
  CHECK(reserved < 4600);
  const auto again = Tensor<float>::uninitialized({1000}, pool.get());
  CHECK(again.data() == first);
  CHECK(pool->reserved_bytes() == reserved);
  const auto other = Tensor<float>::uninitialized({1000}, pool.get());
  CHECK(other.data() != first);
  CHECK(pool->reserved_bytes() == 2 * reserved);
}

TEST_CASE("a free block serves half its size, and the smallest that fits is taken", "[memory]") {
  const auto pool = MemoryPool::create();
  std::byte *small = nullptr, *large = nullptr;
  {
    const Block a = pool->take(1 << 20), b = pool->take(5 << 17);
    large = a.data(), small = b.data();
  }
  const std::size_t reserved = pool->reserved_bytes();
  {
    const Block first = pool->take(1 << 19), second = pool->take(1 << 19);
    CHECK(first.data() == small);
    CHECK(second.data() == large);
    CHECK(second.bytes() == 1 << 20);
    CHECK(pool->reserved_bytes() == reserved);
  }
  CHECK(pool->take(1 << 18).data() != small);
  CHECK(pool->take(1 << 20).data() == large);  // it went back to its own class
}

TEST_CASE("the second round of a loop takes the same blocks and allocates nothing", "[memory]") {
  const auto pool = MemoryPool::create();
  // Sizes around the borders of size classes, some of them alive at the same time.
  constexpr std::int64_t sizes[] = {1, 128, 129, 1000, 1025, 1000, 70000, 3};
  constexpr int rounds = 5, count = 8;
  const float* blocks[rounds][count] = {};
  std::int64_t allocations[rounds] = {};
  for (int round = 0; round < rounds; ++round) {
    const std::int64_t before = testing::allocations;
    Tensor<float> held;
    for (int i = 0; i < count; ++i) {
      auto t = Tensor<float>::uninitialized({sizes[i]}, pool.get());
      blocks[round][i] = t.data();
      if (i % 2 == 0) held = std::move(t);
    }
    allocations[round] = testing::allocations - before;
  }
  CHECK(allocations[0] > 0);
  for (int round = 1; round < rounds; ++round) {
    CAPTURE(round);
    CHECK(allocations[round] == 0);
  }
  // Which of two free blocks of one class comes first may alternate; the set of them does not.
  const auto set_of = [&](int round) {
    std::vector<const float*> set(blocks[round], blocks[round] + count);
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    return set;
  };
  for (int round = 1; round < rounds; ++round) CHECK(set_of(round) == set_of(0));
}

TEST_CASE("blocks are aligned, of their size, and not shared", "[memory]") {
  const auto pool = MemoryPool::create();
  std::vector<Block> blocks;
  for (std::size_t bytes = 1; bytes < 5000; bytes += 37) {
    blocks.push_back(pool->take(bytes));
    CHECK(blocks.back().bytes() >= bytes);
    CHECK(blocks.back().bytes() <= std::max<std::size_t>(512, bytes + bytes / 8));
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back().data()) % alignment == 0);
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const Block& a, const Block& b) { return a.data() < b.data(); });
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    CHECK(blocks[i - 1].data() + blocks[i - 1].bytes() <= blocks[i].data());
  }
}

TEST_CASE("memory that is not there is reported, and the pool goes on", "[memory]") {
  const auto pool = MemoryPool::create();
  { const Block warm = pool->take(1000); }
  const std::size_t reserved = pool->reserved_bytes();
  const auto take_without_memory = [&](std::size_t bytes) {
    const testing::NoMemory guard;
    return pool->take(bytes);
  };
  CHECK_THROWS_AS(take_without_memory(9000), std::bad_alloc);  // a class of which there is none yet
  CHECK(pool->reserved_bytes() == reserved);
  CHECK_NOTHROW(take_without_memory(1000));  // a free block needs no memory
  const Block held = pool->take(1000);
  CHECK_THROWS_AS(take_without_memory(1000), std::bad_alloc);
  CHECK(pool->reserved_bytes() == reserved);
  CHECK(pool->take(9000).data() != nullptr);
}

TEST_CASE("trim gives the free blocks back and leaves the others", "[memory]") {
  const auto pool = MemoryPool::create();
  { const auto t = Tensor<float>::uninitialized({5000}, pool.get()); }
  auto kept = Tensor<float>::uninitialized({300}, pool.get());
  kept.fill(2.0F);
  const std::size_t before = pool->reserved_bytes();
  pool->trim();
  CHECK(pool->reserved_bytes() < before);
  CHECK(pool->reserved_bytes() >= 1200);
  CHECK(kept[299] == 2.0F);
}

TEST_CASE("a tensor may outlive the last owner of its pool", "[memory]") {
  Tensor<float> t;
  {
    const auto pool = MemoryPool::create();
    t = Tensor<float>::uninitialized({64}, pool.get());
  }
  t.fill(3.0F);
  CHECK(t[63] == 3.0F);
}

TEST_CASE("many threads may share a pool", "[memory]") {
  const auto pool = MemoryPool::create();
  std::vector<std::thread> threads;
  std::atomic<int> torn{0};
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&, id] {
      for (int i = 0; i < 500; ++i) {
        auto t = Tensor<std::int32_t>::uninitialized({100 + i % 7}, pool.get());
        t.fill(id);
        for (const std::int32_t v : t) torn += v == id ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
}

TEST_CASE("a block may come back in another thread than the one that took it", "[memory]") {
  const auto pool = MemoryPool::create();
  std::vector<Tensor<float>> tensors;
  for (int i = 0; i < 50; ++i) tensors.push_back(Tensor<float>::uninitialized({99}, pool.get()));
  const std::size_t reserved = pool->reserved_bytes();
  std::thread([&] { tensors.clear(); }).join();
  for (int i = 0; i < 50; ++i) tensors.push_back(Tensor<float>::uninitialized({99}, pool.get()));
  CHECK(pool->reserved_bytes() == reserved);
}

}  // namespace effv2::memory_test
