// Dense convolutions over EfficientNetV2-S's shapes at 28 pixels: the indirect kernels, and the
// textbook way (columns, then Eigen's product) as the baseline.
#include <benchmark/benchmark.h>

#include <effv2/effv2.hpp>
#include <effv2/kernels/im2col.hpp>

#include "shapes.hpp"

using namespace effv2;
using namespace effv2::kernels;

namespace {

constexpr std::int64_t batch = 128;

struct Case {
  Window window;
  WindowPlan plan;
  Execution run;
  Tensor<float> x, w, y;

  explicit Case(const benchmark::State& state)
      : window(state.range(0), state.range(0), state.range(3), state.range(4), Padding::symmetric),
        plan(window),
        run(static_cast<int>(state.range(5))),
        x(random_tensor({batch, window.in_height, window.in_width, state.range(1)})),
        w(random_tensor({state.range(3), state.range(3), state.range(1), state.range(2)})),
        y(random_tensor({batch, window.out_height, window.out_width, state.range(2)})) {}

  void count(benchmark::State& state) const {
    // Nominal operations: taps in the padding count.
    count_flops(state, 2.0 * static_cast<double>(y.size() * window.taps() * x.extent(3)));
  }
};

void forward(benchmark::State& state) {
  Case c(state);
  PackedMatrix<float> packed;
  pack<float>(packed, c.w, c.window.taps(), c.w.extent(2), c.w.extent(3), Transpose::no, c.run);
  for (auto _ : state) conv2d_forward<float>(c.y, c.x, packed, {}, c.plan, c.run);
  c.count(state);
}

void backward_data(benchmark::State& state) {
  Case c(state);
  PackedMatrix<float> packed;
  pack<float>(packed, c.w, c.window.taps(), c.w.extent(2), c.w.extent(3), Transpose::yes, c.run);
  for (auto _ : state) conv2d_backward_data<float>(c.x, c.y, packed, c.plan, c.run);
  c.count(state);
}

void backward_weights(benchmark::State& state) {
  Case c(state);
  for (auto _ : state) conv2d_backward_weights<float>(c.w, c.y, c.x, c.plan, c.run);
  c.count(state);
}

void im2col_forward(benchmark::State& state) {
  Case c(state);
  for (auto _ : state) im2col_conv2d_forward<float>(c.y, c.x, c.w, c.window, c.run);
  c.count(state);
}

void im2col_backward_data(benchmark::State& state) {
  Case c(state);
  for (auto _ : state) im2col_conv2d_backward_data<float>(c.x, c.y, c.w, c.window, c.run);
  c.count(state);
}

void im2col_backward_weights(benchmark::State& state) {
  Case c(state);
  for (auto _ : state) im2col_conv2d_backward_weights<float>(c.w, c.y, c.x, c.window, c.run);
  c.count(state);
}

void pack_weights(benchmark::State& state) {
  Case c(state);
  PackedMatrix<float> packed;
  for (auto _ : state) {
    pack<float>(packed, c.w, c.window.taps(), c.w.extent(2), c.w.extent(3), Transpose::yes, c.run);
  }
  count_bytes(state, 2.0 * sizeof(float) * static_cast<double>(c.w.size()));
}

// Pixels, input and output channels, kernel, stride, threads.
void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"at", "in", "out", "k", "s", "t"});
  for (const std::int64_t threads : {1, 2}) {
    bench->Args({28, 1, 24, 3, 2, threads});
    bench->Args({14, 24, 24, 3, 1, threads});
    bench->Args({14, 24, 96, 3, 2, threads});
    bench->Args({7, 48, 192, 3, 1, threads});
    bench->Args({7, 192, 48, 1, 1, threads});
    bench->Args({4, 64, 256, 3, 1, threads});
    bench->Args({4, 256, 64, 1, 1, threads});
    bench->Args({2, 128, 512, 1, 1, threads});
    bench->Args({2, 160, 960, 1, 1, threads});
    bench->Args({2, 960, 160, 1, 1, threads});
    bench->Args({1, 256, 1536, 1, 1, threads});
    bench->Args({1, 1536, 256, 1, 1, threads});
    bench->Args({1, 1536, 64, 1, 1, threads});
  }
  bench->Unit(benchmark::kMicrosecond)->UseRealTime();
}

}  // namespace

BENCHMARK(forward)->Name("conv2d_forward")->Apply(shapes);
BENCHMARK(backward_data)->Name("conv2d_backward_data")->Apply(shapes);
BENCHMARK(backward_weights)->Name("conv2d_backward_weights")->Apply(shapes);
BENCHMARK(im2col_forward)->Name("im2col_conv2d_forward")->Apply(shapes);
BENCHMARK(im2col_backward_data)->Name("im2col_conv2d_backward_data")->Apply(shapes);
BENCHMARK(im2col_backward_weights)->Name("im2col_conv2d_backward_weights")->Apply(shapes);
BENCHMARK(pack_weights)->Name("pack_transposed")->Apply(shapes);
