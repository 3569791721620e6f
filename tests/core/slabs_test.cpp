#include <algorithm>
#include <cstdint>
#include <cstring>
#include <effv2/core/slabs.hpp>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::slabs_test {

using effv2::EFFV2_ISA::detail::Slabs;

TEST_CASE("blocks of all sizes are aligned, whole and apart, in any order of giving back",
          "[slabs]") {
  Slabs slabs;
  effv2::testing::Dice dice(51);
  struct Held {
    std::byte* data;
    std::size_t bytes;
    int mark;
  };
  std::vector<Held> held;
  const auto whole = [](const Held& h) {
    return std::all_of(h.data, h.data + h.bytes,
                       [&](std::byte b) { return b == static_cast<std::byte>(h.mark); });
  };
  std::size_t most = 0;
  for (int round = 0; round < 400; ++round) {
    if (held.size() < 12 || dice.between(0, 1) == 0) {
      // Around the borders: heap, shared slab, a slab of its own.
      const std::size_t border =
          std::vector<std::size_t>{64, Slabs::smallest, Slabs::largest / 4,
                                   Slabs::largest}[static_cast<std::size_t>(dice.between(0, 3))];
      const auto bytes = static_cast<std::size_t>(
          std::max<std::int64_t>(1, static_cast<std::int64_t>(border) + dice.between(-70, 70)));
      Held h{slabs.take(bytes), bytes, static_cast<int>(dice.between(0, 255))};
      REQUIRE(reinterpret_cast<std::uintptr_t>(h.data) % effv2::alignment == 0);
      std::memset(h.data, h.mark, h.bytes);
      held.push_back(h);
    } else {
      std::swap(held[static_cast<std::size_t>(
                    dice.between(0, static_cast<std::int64_t>(held.size()) - 1))],
                held.back());
      REQUIRE(whole(held.back()));
      slabs.give_back(held.back().data, held.back().bytes);
      held.pop_back();
    }
    most = std::max(most, held.size());
  }
  CHECK(most >= 12);
  for (const Held& h : held) {
    CHECK(whole(h));
    slabs.give_back(h.data, h.bytes);
  }
}

TEST_CASE("the place of the last block is taken again", "[slabs]") {
  if (Slabs::in_heap) return;  // nothing is shared
  Slabs slabs;
  std::byte* first = slabs.take(Slabs::smallest);
  for (int round = 0; round < 5000; ++round) {
    std::byte* block = slabs.take(Slabs::largest / 8);
    REQUIRE(block == first + Slabs::smallest);
    slabs.give_back(block, Slabs::largest / 8);
  }
  slabs.give_back(first, Slabs::smallest);
}

TEST_CASE("holes are filled again, as large as they touch one another", "[slabs]") {
  if (Slabs::in_heap) return;  // nothing is shared
  constexpr std::size_t size = Slabs::smallest;
  // In whichever order two neighbours came back, their places are one.
  for (const bool first_first : {true, false}) {
    Slabs slabs;
    std::byte* const first = slabs.take(size);
    std::byte* const second = slabs.take(size);
    std::byte* const third = slabs.take(size);
    slabs.give_back(first_first ? first : second, size);
    slabs.give_back(first_first ? second : first, size);
    CHECK(slabs.take(3 * size) == third + size);  // too large for the hole
    CHECK(slabs.take(2 * size) == first);
    slabs.give_back(third, size);
    CHECK(slabs.take(size) == third);
    for (std::byte* block : {first, second, third}) slabs.give_back(block, size);
    slabs.give_back(third + size, 3 * size);
    CHECK(slabs.take(Slabs::largest) == first);
    slabs.give_back(first, Slabs::largest);
  }
}

TEST_CASE("what is kept of many temporaries costs what it is", "[slabs]") {
  if (Slabs::in_heap) return;  // nothing is shared
  Slabs slabs;
  std::byte* const first = slabs.take(Slabs::smallest);
  std::vector<std::byte*> kept;
  for (int i = 0; i < 100; ++i) {
    std::byte* const temporary = slabs.take(Slabs::largest / 4);
    kept.push_back(slabs.take(Slabs::smallest));
    slabs.give_back(temporary, Slabs::largest / 4);
    // All in the first slab.
    CHECK(kept.back() >= first);
    CHECK(kept.back() < first + Slabs::slab_bytes);
  }
  for (std::byte* block : kept) slabs.give_back(block, Slabs::smallest);
  slabs.give_back(first, Slabs::smallest);
}

}  // namespace effv2::slabs_test
