// The phases of a training step of EfficientNetV2-S, each over all of the model's layers: where a
// step's time goes. Every layer has operands of its own, so that weights and pictures come from
// main memory as they do in a step.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <effv2/effv2.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "shapes.hpp"

using namespace effv2;
using namespace effv2::kernels;

namespace {

constexpr std::int64_t batch = 128, size = 28, classes = 10;

// A layer of the model, with operands. Which of them exist depends on its kind.
struct Operands {
  Shape in, out;
  WindowPlan plan;
  Tensor<float> x, y, dx, dy, w, dw;
  Tensor<float> by_channel, by_image;
  PackedMatrix<float> packed;
};

nn::Graph step_graph() {
  const models::EfficientNet<float> model(models::find_model("s"),
                                          {.in_channels = 1, .classes = classes});
  return nn::describe(model, {batch, size, size, 1});
}

// The layers of one kind.
std::vector<Operands> layers_of(std::string_view kind) {
  const nn::Graph graph = step_graph();
  std::vector<Operands> layers;
  for (const nn::Node& node : graph.nodes()) {
    if (node.kind != kind) continue;
    Operands layer;
    layer.in = graph.shape(node.inputs[0]), layer.out = node.output;
    const Shape &in = layer.in, &out = layer.out;
    layer.x = random_tensor(in), layer.dx = Tensor<float>(in);
    layer.y = Tensor<float>(out), layer.dy = random_tensor(out);
    const std::int64_t channels = in[in.rank() - 1];
    if (kind == "conv2d" || kind == "depthwise_conv2d") {
      const auto kernel = static_cast<std::int64_t>(node.attribute("kernel"));
      const auto stride = static_cast<std::int64_t>(node.attribute("stride"));
      layer.plan = WindowPlan({in[1], in[2], kernel, stride, Padding::symmetric});
      layer.w = kind == "conv2d" ? random_tensor({kernel, kernel, channels, out[3]})
                                 : random_tensor({kernel, kernel, channels});
    } else if (kind == "linear") {
      layer.w = random_tensor({channels, out[1]});
    } else {
      layer.by_channel = random_tensor({channels});
      layer.by_image = random_tensor({batch, channels});
    }
    layer.dw = Tensor<float>(layer.w.empty() ? Shape{channels} : layer.w.shape());
    layers.push_back(std::move(layer));
  }
  return layers;
}

using Pass = std::function<void(Operands&, const Execution&)>;

void conv_forward(Operands& l, const Execution& run) {
  conv2d_pack<float>(l.packed, l.w, l.in[3], l.out[3], l.plan.window, Transpose::no, run);
  ChannelSums<float> sums;
  conv2d_forward<float>(l.y, l.x, l.packed, {}, l.plan, run, {.sums = &sums});
}
void conv_data(Operands& l, const Execution& run) {
  conv2d_pack<float>(l.packed, l.w, l.in[3], l.out[3], l.plan.window, Transpose::yes, run);
  conv2d_backward_data<float>(l.dx, l.dy, l.packed, l.plan, run);
}
void conv_weight(Operands& l, const Execution& run) {
  conv2d_backward_weights<float>({l.dw, false}, l.dy, l.x, l.plan, run);
}
void depthwise(Operands& l, const Execution& run) {
  ChannelSums<float> sums;
  depthwise_conv2d_forward<float>(l.y, l.x, l.w, {}, l.plan, run, {.sums = &sums});
  depthwise_conv2d_backward_weights<float>({l.dw, false}, l.dy, l.x, l.plan, run);
  depthwise_conv2d_backward_data<float>(l.dx, l.dy, l.w, l.plan, run);
}
Normalization<float> silu_of(const Operands& l) {
  return {l.by_channel, l.by_channel, ActivationKind::silu};
}
void norm_forward(Operands& l, const Execution& run) {
  batch_norm_forward<float>(l.y, l.x, silu_of(l), run);
}
void norm_backward(Operands& l, const Execution& run) {
  const View<float> none;
  batch_norm_backward<float>(l.dx, none, none, l.dy, l.x, silu_of(l), l.by_channel, l.by_channel,
                             1e3, Statistics::batch, run);
}
// The two reductions over pictures; the gate's application is part of batch norm's passes.
void squeeze(Operands& l, const Execution& run) {
  squeeze_forward<float>(l.by_image, l.x, run, silu_of(l));
  excite_backward_gate<float>(l.by_image, l.dy, l.x, run, silu_of(l));
}
void linear(Operands& l, const Execution& run) {
  pack<float>(l.packed, l.w, 1, l.w.extent(0), l.w.extent(1), Transpose::no, run);
  linear_forward<float>(l.y, l.x, l.packed, {}, run);
  pack<float>(l.packed, l.w, 1, l.w.extent(0), l.w.extent(1), Transpose::yes, run);
  linear_backward_data<float>(l.dx, l.dy, l.packed, run);
  linear_backward_weights<float>({l.dw, false}, l.x, l.dy, run);
}

void phase(benchmark::State& state, const char* kind, const Pass& pass) {
  std::vector<Operands> layers = layers_of(kind);
  const Execution run(static_cast<int>(state.range(0)));
  for (Operands& layer : layers) pass(layer, run);  // fills the pool
  for (auto _ : state) {
    for (Operands& layer : layers) pass(layer, run);
  }
  state.counters["layers"] = static_cast<double>(layers.size());
}

void loss(benchmark::State& state) {
  const Tensor<float> logits = random_tensor({batch, classes});
  Tensor<float> targets(logits.shape()), d(logits.shape());
  const std::vector<std::int32_t> labels(batch, 3);
  for (auto _ : state) {
    smooth_targets<float>(targets, labels, 0.1);
    benchmark::DoNotOptimize(softmax_cross_entropy<float>(d, logits, targets));
  }
}

void loader(benchmark::State& state) {
  data::Dataset dataset;
  dataset.images = Tensor<std::uint8_t>({10 * batch, size, size, 1});
  dataset.labels.assign(10 * batch, 1);
  dataset.classes = classes;
  data::Loader<float> batches(dataset, {.batch_size = batch, .prefetch = false});
  std::int64_t epoch = 0;
  batches.start(epoch);
  for (auto _ : state) {
    const data::Batch<float>* next = batches.next();
    if (next == nullptr) batches.start(++epoch), next = batches.next();
    benchmark::DoNotOptimize(next->images.data());
  }
}

void of_one_and_two_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("t")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
}

}  // namespace

// The optimiser's phase is adamw_step.
BENCHMARK_CAPTURE(phase, convolution_forward, "conv2d", conv_forward)
    ->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, convolution_data, "conv2d", conv_data)->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, convolution_weight, "conv2d", conv_weight)->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, depthwise, "depthwise_conv2d", depthwise)->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, batch_norm_silu_forward, "batch_norm", norm_forward)
    ->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, batch_norm_silu_backward, "batch_norm", norm_backward)
    ->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, squeeze_excite_pictures, "scale_channels", squeeze)
    ->Apply(of_one_and_two_threads);
BENCHMARK_CAPTURE(phase, linear_and_squeeze_excite_products, "linear", linear)
    ->Apply(of_one_and_two_threads);
BENCHMARK(loss)->Name("phase/loss")->Unit(benchmark::kMillisecond);
BENCHMARK(loader)->Name("phase/loader")->Unit(benchmark::kMillisecond);
