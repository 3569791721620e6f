#include <bit>
#include <cmath>
#include <cstdlib>
#include <effv2/core/simd.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace effv2::simd_test {

namespace {

template <class T, class F>
T lane(F&& f, T x) {
  std::vector<T> lanes(static_cast<std::size_t>(simd::width<T>), x);
  simd::store<T>(lanes.data(), f(simd::load(lanes.data())));
  return lanes.front();
}

// Every n-th float of the whole range; every single one with EFFV2_LONG_TESTS.
template <class Body>
void for_each_float(Body&& body) {
  const std::uint64_t step = std::getenv("EFFV2_LONG_TESTS") != nullptr ? 1 : 211;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step) {
    body(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
}

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("exp of floats keeps its bound over the whole range", "[simd]") {
  double worst = 0.0;
  bool ends_right = true;
  for_each_float([&](float x) {
    const float y = lane<float>([](auto v) { return simd::exp<float>(v); }, x);
    if (std::isnan(x)) {
      ends_right = ends_right && std::isnan(y);
      return;
    }
    const double exact = std::exp(static_cast<double>(x));
    if (exact < std::ldexp(1.0, -125)) {
      ends_right = ends_right && y >= 0.0F && static_cast<double>(y) <= std::ldexp(1.0, -124);
    } else if (exact > std::ldexp(1.0, 127) * 1.98) {
      ends_right = ends_right && y > std::ldexp(1.0F, 127);
    } else {
      worst = std::max(worst, std::abs(static_cast<double>(y) - exact) / exact);
    }
  });
  CHECK(ends_right);
  CHECK(worst < std::ldexp(1.0, -21));
  CHECK(worst > 0.0);
}

TEST_CASE("sigmoid of floats keeps its bounds over the whole range", "[simd]") {
  double absolute = 0.0, relative = 0.0;
  bool nan_kept = true;
  for_each_float([&](float x) {
    const float y = lane<float>([](auto v) { return simd::sigmoid<float>(v); }, x);
    if (std::isnan(x)) {
      nan_kept = nan_kept && std::isnan(y);
      return;
    }
    const double exact = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
    const double error = std::abs(static_cast<double>(y) - exact);
    absolute = std::max(absolute, error);
    if (x >= -86.0F) relative = std::max(relative, error / exact);
  });
  CHECK(nan_kept);
  CHECK(absolute < std::ldexp(1.0, -22));
  CHECK(relative < std::ldexp(1.0, -21));
}

TEST_CASE("silu of floats keeps its bounds over the whole range", "[simd]") {
  double near = 0.0, far = 0.0, large = 0.0;
  bool nan_kept = true;
  for_each_float([&](float x) {
    const float y = lane<float>([](auto v) { return simd::silu<float>(v); }, x);
    if (std::isnan(x)) {
      nan_kept = nan_kept && std::isnan(y);
      return;
    }
    if (std::isinf(x)) return;
    const double wide = static_cast<double>(x);
    const double exact = wide < -700.0 ? 0.0 : wide / (1.0 + std::exp(-wide));
    const double error = std::abs(static_cast<double>(y) - exact);
    if (x < -86.0F) {
      far = std::max(far, error);
    } else if (x < 100.0F) {
      near = std::max(near, error / (1.0 + std::abs(wide)));
    } else {
      large = std::max(large, error / wide);
    }
  });
  CHECK(nan_kept);
  CHECK(near < std::ldexp(1.0, -22));
  CHECK(large < std::ldexp(1.0, -22));
  CHECK(far < 1e-35);
}

TEST_CASE("the ends of the line", "[simd]") {
  const auto exp = [](auto v) { return simd::exp<float>(v); };
  const auto sigmoid = [](auto v) { return simd::sigmoid<float>(v); };
  const auto silu = [](auto v) { return simd::silu<float>(v); };
  CHECK(lane<float>(exp, infinity) == infinity);
  CHECK(lane<float>(exp, -infinity) == 0.0F);
  CHECK(lane<float>(exp, 0.0F) == 1.0F);
  CHECK(lane<float>(sigmoid, infinity) == 1.0F);
  CHECK(lane<float>(sigmoid, -infinity) < 1e-37F);
  CHECK(lane<float>(sigmoid, 0.0F) == 0.5F);
  CHECK(lane<float>(silu, infinity) == infinity);
  CHECK(std::abs(lane<float>(silu, -infinity)) < 1e-35F);
}

TEMPLATE_TEST_CASE("exp, sigmoid and silu in wider types", "[simd]", double, long double) {
  for (double x = -80.0; x < 80.0; x += 0.0137) {
    const double exact = std::exp(x), s = 1.0 / (1.0 + std::exp(-x));
    const auto t = static_cast<TestType>(x);
    const auto e = lane<TestType>([](auto v) { return simd::exp<TestType>(v); }, t);
    const auto g = lane<TestType>([](auto v) { return simd::sigmoid<TestType>(v); }, t);
    const auto u = lane<TestType>([](auto v) { return simd::silu<TestType>(v); }, t);
    REQUIRE(std::abs(static_cast<double>(e) - exact) <= 1e-14 * exact);
    REQUIRE(std::abs(static_cast<double>(g) - s) <= 1e-14 * s);
    REQUIRE(std::abs(static_cast<double>(u) - x * s) <= 1e-14 * std::abs(x * s) + 1e-300);
  }
}

TEMPLATE_TEST_CASE("partial loads and stores touch only their lanes", "[simd]", float, double) {
  using T = TestType;
  const std::int64_t width = simd::width<T>;
  for (std::int64_t count = 0; count < width; ++count) {
    // A heap block of exactly `count` numbers: the address sanitiser sees a step beyond it.
    std::vector<T> source(static_cast<std::size_t>(count)), target(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) source[static_cast<std::size_t>(i)] = T(i + 1);
    std::vector<T> lanes(static_cast<std::size_t>(width), T(-1));
    const auto v = simd::load_partial(source.data(), count);
    simd::store<T>(lanes.data(), v);
    for (std::int64_t i = 0; i < width; ++i) {
      REQUIRE(lanes[static_cast<std::size_t>(i)] == (i < count ? T(i + 1) : T(0)));
    }
    simd::store_partial<T>(target.data(), v, count);
    REQUIRE(target == source);
    std::fill(lanes.begin(), lanes.end(), T(-1));
    simd::store_partial<T>(lanes.data(), v, count);
    for (std::int64_t i = count; i < width; ++i) {
      REQUIRE(lanes[static_cast<std::size_t>(i)] == T(-1));
    }
  }
}

TEMPLATE_TEST_CASE("the end of a row is loaded and stored up to a count", "[simd]", float, double,
                   long double) {
  using T = TestType;
  const std::int64_t width = simd::width<T>;
  std::vector<T> source(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < width; ++i) source[static_cast<std::size_t>(i)] = T(i + 1);
  for (std::int64_t count = -1; count <= width + 1; ++count) {
    std::vector<T> loaded(source.size(), T(-1)), stored(source.size(), T(-1));
    simd::store<T>(loaded.data(), simd::load_up_to(source.data(), count));
    simd::store_up_to<T>(stored.data(), simd::load(source.data()), count);
    for (std::int64_t i = 0; i < width; ++i) {
      REQUIRE(loaded[static_cast<std::size_t>(i)] == (i < count ? T(i + 1) : T(0)));
      REQUIRE(stored[static_cast<std::size_t>(i)] == (i < count ? T(i + 1) : T(-1)));
    }
  }
}

TEMPLATE_TEST_CASE("sums, reciprocals and multiply-adds", "[simd]", float, double, long double) {
  using T = TestType;
  std::vector<T> lanes(static_cast<std::size_t>(simd::width<T>));
  T sum{};
  for (std::size_t i = 0; i < lanes.size(); ++i) sum += lanes[i] = T(i * i + 1);
  REQUIRE(simd::reduce_add<T>(simd::load(lanes.data())) == sum);
  for (const double x : {1.0, 3.0, 1e-30, 1e30, -7.0}) {
    const T r = lane<T>([](auto v) { return simd::reciprocal<T>(v); }, static_cast<T>(x));
    REQUIRE(std::abs(static_cast<double>(r) * x - 1.0) < 3e-7);
  }
  const T f = lane<T>(
      [](auto v) { return simd::fma<T>(v, simd::Vector<T>(T{3}), simd::Vector<T>(T{2})); }, T{5});
  REQUIRE(f == T{17});
}

TEMPLATE_TEST_CASE("for_each_vector covers a count once", "[simd]", float, long double) {
  using T = TestType;
  for (std::int64_t count = 0; count < 3 * simd::width<T> + 2; ++count) {
    std::vector<T> values(static_cast<std::size_t>(count), T{1});
    simd::for_each_vector<T>(count, [&](std::int64_t i, auto lanes) {
      lanes.store(values.data() + i, lanes.load(values.data() + i) + simd::Vector<T>(T{1}));
    });
    for (const T value : values) REQUIRE(value == T{2});
  }
}

}  // namespace effv2::simd_test
