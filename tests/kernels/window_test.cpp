#include <effv2/kernels/window.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::window_test {

using namespace effv2::kernels;

TEST_CASE("output sizes of the three paddings", "[window]") {
  const auto out = [](std::int64_t in, std::int64_t k, std::int64_t s, Padding p) {
    return Window(in, in, k, s, p).out_height;
  };
  // PyTorch: floor((in + 2 (k / 2) - k) / s) + 1.
  CHECK(out(28, 3, 2, Padding::symmetric) == 14);
  CHECK(out(7, 3, 2, Padding::symmetric) == 4);
  CHECK(out(1, 3, 2, Padding::symmetric) == 1);
  CHECK(out(14, 5, 1, Padding::symmetric) == 14);
  // TensorFlow SAME: ceil(in / s).
  CHECK(out(28, 3, 2, Padding::same) == 14);
  CHECK(out(7, 3, 2, Padding::same) == 4);
  CHECK(out(5, 2, 1, Padding::same) == 5);
  CHECK(out(28, 5, 1, Padding::valid) == 24);
}

TEST_CASE("SAME puts the odd pixel at the bottom and right", "[window]") {
  // ceil(28 / 2) = 14: (14 - 1) 2 + 3 - 28 = 1 pixel of padding, none of it on top.
  const Window even(28, 28, 3, 2, Padding::same);
  CHECK(even.pad_top == 0);
  CHECK(even.pad_left == 0);
  const Window odd(7, 7, 3, 2, Padding::same);
  CHECK(odd.pad_top == 1);
}

TEST_CASE("pictures whose pixels 32 bits cannot number are refused", "[window]") {
  constexpr std::int64_t many = std::int64_t{1} << 30;
  CHECK_THROWS_AS(Window(many, 2, 3, 1, Padding::symmetric), Error);
  CHECK_THROWS_AS(Window(1, many, 44, 1, Padding::symmetric), Error);  // 2 rows come out
  CHECK_NOTHROW(Window(1, many, 3, 1, Padding::symmetric));
}

TEST_CASE("reader is the inverse of source", "[window]") {
  testing::Dice dice(20);
  for (int i = 0; i < 300; ++i) {
    const Window w(dice.between(3, 11), dice.between(3, 11), dice.between(1, 3), dice.between(1, 3),
                   static_cast<Padding>(dice.between(0, 2)));
    for (std::int64_t tap = 0; tap < w.taps(); ++tap) {
      std::int64_t pairs = 0;
      for (std::int64_t p = 0; p < w.out_pixels(); ++p) {
        const std::int64_t q = w.source(p, tap);
        if (q < 0) continue;
        ++pairs;
        REQUIRE(w.reader(q, tap) == p);
      }
      for (std::int64_t q = 0; q < w.in_pixels(); ++q) pairs -= w.reader(q, tap) >= 0 ? 1 : 0;
      REQUIRE(pairs == 0);
    }
  }
}

TEST_CASE("plans hold every pair of target and tap once", "[window]") {
  for (const Padding padding : {Padding::symmetric, Padding::same}) {
    const Window w(6, 5, 3, 2, padding);
    const WindowPlan plan(w);
    for (const TapPlan* half : {&plan.gather(), &plan.scatter()}) {
      std::int64_t targets = 0;
      for (const TapGroup& group : half->groups) {
        targets += static_cast<std::int64_t>(group.targets.size());
        for (std::size_t t = 0; t < group.taps.size(); ++t) {
          for (std::size_t i = 0; i < group.targets.size(); ++i) {
            const std::int64_t expected = half == &plan.gather()
                                              ? w.source(group.targets[i], group.taps[t])
                                              : w.reader(group.targets[i], group.taps[t]);
            REQUIRE(group.sources_of(t)[i] == expected);
          }
        }
      }
      REQUIRE(targets == half->target_pixels);
    }
  }
}

TEST_CASE("at one pixel only the centre tap is left", "[window]") {
  const WindowPlan plan(Window(1, 1, 5, 1, Padding::symmetric));
  REQUIRE(plan.gather().groups.size() == 1);
  REQUIRE(plan.gather().groups[0].taps == std::vector<std::int32_t>{12});
}

TEST_CASE("a plan is made when it is asked for", "[window]") {
  const WindowPlan plan(Window(8, 8, 3, 2, Padding::symmetric));
  CHECK(plan.bytes() == 0);
  plan.gather();
  const std::size_t bytes = plan.bytes();
  CHECK(bytes > 4 * 9 * 7);
  plan.scatter();
  CHECK(plan.bytes() > bytes);
}

TEST_CASE("windows that cannot be are refused", "[window]") {
  CHECK_THROWS_AS(Window(0, 4, 3, 1, Padding::same), Error);
  CHECK_THROWS_AS(Window(4, 4, 0, 1, Padding::same), Error);
  CHECK_THROWS_AS(Window(4, 4, 3, 0, Padding::same), Error);
  CHECK_THROWS_AS(Window(4, 4, 5, 1, Padding::valid), Error);
  CHECK_THROWS_AS(Window(1 << 17, 1 << 17, 3, 1, Padding::same), Error);
}

}  // namespace effv2::window_test
