// Whole steps of EfficientNetV2-S: forward, backward, update; and inference.
#include <benchmark/benchmark.h>

#include <effv2/effv2.hpp>

#include "shapes.hpp"
#include "training_step.hpp"

using namespace effv2;

namespace {

void count_images(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void training_step(benchmark::State& state) {
  auto model = models::efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1);
  const Tensor<float> x = random_tensor({state.range(0), 28, 28, 1});
  TrainingStep step(model, x, 10, static_cast<int>(state.range(1)));
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
  for (auto _ : state) {
    pretend_backward(model);
    optimizer.step(1e-4, run);
  }
  // Value and both moments, read and written; the gradient read twice, once for the norm.
  count_bytes(state, 8.0 * sizeof(float) * static_cast<double>(nn::parameter_count(model)));
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
