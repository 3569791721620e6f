// Whole steps of EfficientNetV2-S: forward, backward, update; and inference.
#include <benchmark/benchmark.h>

#include <effv2/kernels/loss.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/optim/adamw.hpp>

#include "shapes.hpp"

using namespace effv2;

namespace {

void count_images(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void training_step(benchmark::State& state) {
  auto model = models::efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1);
  nn::Context<float> context(static_cast<int>(state.range(1)));
  optim::AdamW<float> optimizer(model);
  decltype(model)::Saved saved;
  const Tensor<float> x = random_tensor({state.range(0), 28, 28, 1});
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(state.range(0)), 3);
  std::uint64_t number = 0;
  const auto step = [&] {
    context.begin_step(number++, x);
    const Tensor<float> logits = model.forward(x, saved, context);
    Tensor<float> targets = context.tensor(logits.shape()), d = context.tensor(logits.shape());
    kernels::smooth_targets<float>(targets, labels, 0.1);
    kernels::softmax_cross_entropy<float>(d, logits, targets);
    model.backward(d, saved, context);
    optimizer.step(1e-4, context.execution);
  };
  step();  // fills the pool
  for (auto _ : state) step();
  count_images(state);
}

void inference(benchmark::State& state) {
  const auto model = models::efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1);
  nn::Context<float> context(static_cast<int>(state.range(1)));
  const Tensor<float> x = random_tensor({state.range(0), 28, 28, 1});
  model.infer(x, context);  // fills the pool, folds and packs the weights
  for (auto _ : state) benchmark::DoNotOptimize(model.infer(x, context).data());
  count_images(state);
}

void optimizer_step(benchmark::State& state) {
  auto model = models::efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1);
  optim::AdamW<float> optimizer(model);
  const Execution run(static_cast<int>(state.range(0)));
  optimizer.step(1e-4, run);
  for (auto _ : state) optimizer.step(1e-4, run);
  // Value, gradient and both moments, read and written; the gradient once more for the norm.
  count_bytes(state, 9.0 * sizeof(float) * static_cast<double>(nn::parameter_count(model)));
}

}  // namespace

BENCHMARK(training_step)
    ->ArgNames({"batch", "t"})
    ->Args({32, 2})
    ->Args({128, 1})
    ->Args({128, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(inference)
    ->ArgNames({"batch", "t"})
    ->Args({1, 1})
    ->Args({256, 1})
    ->Args({256, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(optimizer_step)
    ->Name("adamw_step")
    ->ArgName("t")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
