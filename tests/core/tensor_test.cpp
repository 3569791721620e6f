#include <effv2/core/tensor.hpp>
#include <new>
#include <vector>

#include "../catch.hpp"
#include "../support/counting_new.hpp"

namespace effv2::tensor_test {

TEST_CASE("a tensor is zero, aligned and row-major", "[tensor]") {
  for (const std::int64_t size : {1, 3, 17, 1000}) {
    Tensor<float> t({size});
    CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0);
    for (const float v : t) CHECK(v == 0.0F);
  }
  Tensor<float> t({2, 3, 4});
  t(1, 2, 3) = 5.0F;
  CHECK(t[1 * 12 + 2 * 4 + 3] == 5.0F);
  CHECK(t.view().extent(2) == 4);
}

TEST_CASE("a copy is deep and must be spelled out", "[tensor]") {
  static_assert(!std::is_convertible_v<const Tensor<float>&, Tensor<float>>);
  static_assert(std::is_constructible_v<Tensor<float>, const Tensor<float>&>);
  static_assert(std::is_nothrow_move_constructible_v<Tensor<float>>);
  const Tensor<float> a = Tensor<float>::filled({4}, 1.0F);
  Tensor<float> b(a);
  b[0] = 2.0F;
  CHECK(a[0] == 1.0F);
  Tensor<float> c({9});
  c = b;
  CHECK(c.shape() == Shape{4});
  CHECK(c[0] == 2.0F);
  CHECK(c.data() != b.data());
  const float* before = c.data();
  c = a;  // the same size: the memory stays
  CHECK(c.data() == before);
}

TEST_CASE("a move leaves an empty tensor", "[tensor]") {
  Tensor<float> a = Tensor<float>::filled({4}, 1.0F);
  const float* data = a.data();
  const Tensor<float> b = std::move(a);
  CHECK(b.data() == data);
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move)
  CHECK(a.shape() == Shape{0});
  Tensor<float> c({2});
  c = std::move(a);
  CHECK(c.empty());
  static_assert(std::is_nothrow_move_assignable_v<Tensor<float>>);
}

TEST_CASE("six axes, not seven", "[tensor]") {
  Tensor<float> t({1, 2, 1, 2, 1, 2});
  t(0, 1, 0, 1, 0, 1) = 3.0F;
  CHECK(t[7] == 3.0F);
  CHECK_THROWS_AS(Tensor<float>({1, 1, 1, 1, 1, 1, 1}), Error);
  CHECK_THROWS_AS(Tensor<float>({2, -1}), Error);
}

TEST_CASE("reshape keeps the numbers and refuses another size", "[tensor]") {
  Tensor<std::int32_t> t({2, 6});
  t[7] = 9;
  t.reshape({3, 4});
  CHECK(t(1, 3) == 9);
  CHECK_THROWS_AS(t.reshape({5}), Error);
  const std::vector<float> values = {1, 2, 3};
  CHECK_THROWS_AS(Tensor<float>::from({2}, values), Error);
  CHECK(Tensor<float>::from({3}, values)[2] == 3.0F);
}

TEST_CASE("sizes beyond the address space are refused, memory that is not there reported",
          "[tensor]") {
  const std::int64_t huge = std::int64_t{1} << 61;
  CHECK_THROWS_AS(Tensor<double>::uninitialized({huge, 2}), Error);
  try {
    Tensor<double>{Shape{huge}};
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::overflow);
  }
  const auto without_memory = [](const auto& make) {
    const testing::NoMemory guard;
    make();
  };
  CHECK_THROWS_AS(without_memory([] { Tensor<float>({4, 5}); }), std::bad_alloc);
  Tensor<float> t = Tensor<float>::filled({3}, 7.0F);
  const Tensor<float> larger({9});
  CHECK_THROWS_AS(without_memory([&] { t = larger; }), std::bad_alloc);
  CHECK(t.shape() == Shape{3});  // as it was
  CHECK(t[2] == 7.0F);
}

TEST_CASE("a tensor without elements allocates nothing", "[tensor]") {
  const std::int64_t before = testing::allocations;
  {
    Tensor<float> none, empty({4, 0, 3});
    const Tensor<float> copied(empty);
    none = std::move(empty);
  }
  const std::int64_t after = testing::allocations;
  CHECK(after == before);
  CHECK(Tensor<float>({4, 0, 3}).shape() == Shape{4, 0, 3});
  CHECK(Tensor<float>(Shape{}).size() == 1);
}

TEST_CASE("views convert from writing to reading, and tensors to both", "[tensor]") {
  Tensor<float> t({3});
  View<float> writing = t;
  const View<const float> reading = writing;
  writing[1] = 4.0F;
  CHECK(reading[1] == 4.0F);
  CHECK(reading.span().size() == 3);
  static_assert(!std::is_convertible_v<View<const float>, View<float>>);
  static_assert(!std::is_convertible_v<const Tensor<float>&, View<float>>);
}

}  // namespace effv2::tensor_test
