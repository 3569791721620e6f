#include <effv2/core/memory.hpp>
#include <effv2/core/tensor.hpp>
#include <thread>

#include "../catch.hpp"

using namespace effv2;

TEST_CASE("a block that came back is handed out again", "[memory]") {
  const auto pool = std::make_shared<MemoryPool>();
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

TEST_CASE("trim gives the free blocks back and leaves the others", "[memory]") {
  const auto pool = std::make_shared<MemoryPool>();
  const auto held = Tensor<float>::filled({100}, 1.0F);
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
    const auto pool = std::make_shared<MemoryPool>();
    t = Tensor<float>::uninitialized({64}, pool.get());
  }
  t.fill(3.0F);
  CHECK(t[63] == 3.0F);
}

TEST_CASE("many threads may share a pool", "[memory]") {
  const auto pool = std::make_shared<MemoryPool>();
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
