#include <effv2/nn/pooling.hpp>

#include "../catch.hpp"

namespace effv2::pooling_test {

TEST_CASE("pools refuse what is no picture, and windows that do not fit", "[pooling]") {
  nn::Context<float> context(1);
  const nn::GlobalAveragePool<float> pool;
  CHECK_THROWS_AS(pool.infer(Tensor<float>({3, 5}), context), Error);
  const nn::MaxPool<float> large{{.kernel = 3, .stride = 1}};
  CHECK_THROWS_AS(large.infer(Tensor<float>({1, 2, 2, 1}), context), Error);
  const nn::MaxPool<float> larger_than_a_float_counts{{.kernel = 4200, .stride = 1}};
  nn::Graph graph({1, 5000, 5000, 1});
  CHECK_THROWS_AS(larger_than_a_float_counts.describe(graph, 0), Error);
}

TEST_CASE("flatten keeps numbers and order", "[pooling]") {
  nn::Context<float> context(1);
  Tensor<float> x({2, 1, 2, 3});
  for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const Tensor<float> y = nn::Flatten<float>{}.infer(x, context);
  CHECK(y.shape() == Shape{2, 6});
  for (std::int64_t i = 0; i < x.size(); ++i) CHECK(y[i] == x[i]);
  CHECK_THROWS_AS(nn::describe(nn::Flatten<float>{}, {0, 2, 2, 3}), Error);
}

}  // namespace effv2::pooling_test
