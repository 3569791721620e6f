// The kernels between the convolutions, over EfficientNetV2-S's shapes at 28 pixels, batch 128.
#include <benchmark/benchmark.h>

#include <effv2/effv2.hpp>

#include "shapes.hpp"

using namespace effv2;
using namespace effv2::kernels;

namespace {

constexpr std::int64_t batch = 128;

// Bytes of `passes` reads or writes of an (N, at, at, c) tensor.
double passes_over(const Tensor<float>& x, double passes) {
  return passes * sizeof(float) * static_cast<double>(x.size());
}

struct Picture {
  Execution run;
  Tensor<float> x, y;
  explicit Picture(const benchmark::State& state)
      : run(static_cast<int>(state.range(2))),
        x(random_tensor({batch, state.range(0), state.range(0), state.range(1)})),
        y(random_tensor(x.shape())) {}
  std::int64_t channels() const { return x.extent(3); }
};

void batch_norm_forward_bench(benchmark::State& state) {
  Picture p(state);
  Tensor<float> mean({p.channels()}), variance({p.channels()});
  const Tensor<float> scale = random_tensor({p.channels()}), shift = random_tensor({p.channels()});
  for (auto _ : state) {
    batch_norm_statistics<float>(mean, variance, p.x, p.run);
    batch_norm_forward<float>(p.y, p.x, {scale, shift, ActivationKind::silu}, p.run);
  }
  count_bytes(state, passes_over(p.x, 3));
}

void batch_norm_backward_bench(benchmark::State& state) {
  Picture p(state);
  const std::int64_t c = p.channels();
  Tensor<float> dx(p.x.shape()), dgamma({c}), dbeta({c});
  const Tensor<float> scale = random_tensor({c}), shift = random_tensor({c});
  const Tensor<float> mean = random_tensor({c}), variance = Tensor<float>::filled({c}, 1.0F);
  for (auto _ : state) {
    batch_norm_backward<float>(dx, dgamma, dbeta, p.y, p.x, {scale, shift, ActivationKind::silu},
                               mean, variance, 1e-3, Statistics::batch, p.run);
  }
  count_bytes(state, passes_over(p.x, 5));
}

void activation_forward_bench(benchmark::State& state) {
  Picture p(state);
  for (auto _ : state) activation_forward<float>(p.y, p.x, ActivationKind::silu, p.run);
  count_bytes(state, passes_over(p.x, 2));
}

void activation_backward_bench(benchmark::State& state) {
  Picture p(state);
  Tensor<float> dx(p.x.shape());
  for (auto _ : state) activation_backward<float>(dx, p.y, p.x, ActivationKind::silu, p.run);
  count_bytes(state, passes_over(p.x, 3));
}

void add_bench(benchmark::State& state) {
  Picture p(state);
  for (auto _ : state) add<float>(p.y, p.y, p.x, p.run);
  count_bytes(state, passes_over(p.x, 3));
}

void excite_bench(benchmark::State& state) {
  Picture p(state);
  const Tensor<float> scale = random_tensor({batch, p.channels()});
  for (auto _ : state) excite_forward<float>(p.y, p.x, scale, p.run);
  count_bytes(state, passes_over(p.x, 2));
}

void squeeze_excite_backward_bench(benchmark::State& state) {
  Picture p(state);
  const Tensor<float> scale = random_tensor({batch, p.channels()});
  Tensor<float> dx(p.x.shape()), dscale(scale.shape());
  for (auto _ : state) {
    excite_backward_gate<float>(dscale, p.y, p.x, p.run);
    squeeze_excite_backward_data<float>(dx, p.y, scale, dscale, p.run);
  }
  count_bytes(state, passes_over(p.x, 4));
}

void global_average_pool_bench(benchmark::State& state) {
  Picture p(state);
  Tensor<float> mean({batch, p.channels()});
  for (auto _ : state) {
    global_average_pool_forward<float>(mean, p.x, p.run);
    global_average_pool_backward<float>(p.y, mean, p.run);
  }
  count_bytes(state, passes_over(p.x, 2));
}

void pictures(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"at", "c", "t"});
  for (const std::int64_t threads : {1, 2}) {
    bench->Args({14, 24, threads})->Args({7, 192, threads})->Args({4, 256, threads});
    bench->Args({2, 960, threads})->Args({1, 1536, threads});
  }
  bench->Unit(benchmark::kMicrosecond)->UseRealTime();
}

struct Depthwise {
  Execution run;
  WindowPlan plan;
  Tensor<float> x, w, y;
  explicit Depthwise(const benchmark::State& state)
      : run(static_cast<int>(state.range(4))),
        plan(Window(state.range(0), state.range(0), state.range(2), state.range(3),
                    Padding::symmetric)),
        x(random_tensor({batch, state.range(0), state.range(0), state.range(1)})),
        w(random_tensor({state.range(2), state.range(2), state.range(1)})),
        y(random_tensor({batch, plan.window.out_height, plan.window.out_width, state.range(1)})) {}
  void count(benchmark::State& state) const {
    count_bytes(state, passes_over(x, 1) + passes_over(y, 1));
  }
};

void depthwise_forward_bench(benchmark::State& state) {
  Depthwise d(state);
  for (auto _ : state) depthwise_conv2d_forward<float>(d.y, d.x, d.w, {}, d.plan, d.run);
  d.count(state);
}
void depthwise_backward_data_bench(benchmark::State& state) {
  Depthwise d(state);
  for (auto _ : state) depthwise_conv2d_backward_data<float>(d.x, d.y, d.w, d.plan, d.run);
  d.count(state);
}
void depthwise_backward_weights_bench(benchmark::State& state) {
  Depthwise d(state);
  for (auto _ : state) depthwise_conv2d_backward_weights<float>(d.w, d.y, d.x, d.plan, d.run);
  d.count(state);
}

void depthwise_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"at", "c", "k", "s", "t"});
  for (const std::int64_t threads : {1, 2}) {
    bench->Args({4, 256, 3, 2, threads})->Args({2, 512, 3, 1, threads});
    bench->Args({2, 960, 3, 1, threads})->Args({2, 960, 3, 2, threads});
    bench->Args({1, 1536, 3, 1, threads})->Args({14, 144, 5, 2, threads});
  }
  bench->Unit(benchmark::kMicrosecond)->UseRealTime();
}

void cross_entropy_bench(benchmark::State& state) {
  const Tensor<float> logits = random_tensor({batch, state.range(0)});
  Tensor<float> targets(logits.shape()), d(logits.shape());
  const std::vector<std::int32_t> labels(batch, 1);
  for (auto _ : state) {
    smooth_targets<float>(targets, labels, 0.1);
    benchmark::DoNotOptimize(softmax_cross_entropy<float>(d, logits, targets));
  }
}

}  // namespace

BENCHMARK(batch_norm_forward_bench)->Name("batch_norm_silu_forward")->Apply(pictures);
BENCHMARK(batch_norm_backward_bench)->Name("batch_norm_silu_backward")->Apply(pictures);
BENCHMARK(activation_forward_bench)->Name("silu_forward")->Apply(pictures);
BENCHMARK(activation_backward_bench)->Name("silu_backward")->Apply(pictures);
BENCHMARK(add_bench)->Name("add")->Apply(pictures);
BENCHMARK(excite_bench)->Name("excite")->Apply(pictures);
BENCHMARK(squeeze_excite_backward_bench)->Name("squeeze_excite_backward")->Apply(pictures);
BENCHMARK(global_average_pool_bench)->Name("global_average_pool")->Apply(pictures);
BENCHMARK(depthwise_forward_bench)->Name("depthwise_forward")->Apply(depthwise_shapes);
BENCHMARK(depthwise_backward_data_bench)->Name("depthwise_backward_data")->Apply(depthwise_shapes);
BENCHMARK(depthwise_backward_weights_bench)
    ->Name("depthwise_backward_weights")
    ->Apply(depthwise_shapes);
BENCHMARK(cross_entropy_bench)->Name("cross_entropy")->Arg(10)->Arg(1000);
