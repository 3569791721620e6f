// One measurement of effv2 for scripts/bench --compare; prints one JSON line. The peers' programs
// in benchmarks/peers take the same arguments.
//
//   effv2_compare train MODEL SIZE BATCH THREADS [CHANNELS CLASSES]   images/s of a training step
//   effv2_compare infer MODEL SIZE BATCH THREADS [CHANNELS CLASSES]   images/s
//   effv2_compare lenet BATCH                                         images per CPU second
//   effv2_compare conv forward|data|weight                            geometric mean, GFLOP/s
//   effv2_compare peak                                                GFLOP/s of multiply-adds
//   effv2_compare adamw THREADS                                       steps/s, 20.2 M parameters
//   effv2_compare adamw-loop THREADS                                  the same by a plain loop
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <effv2/effv2.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../peers/adamw_loop.hpp"
#include "../random_tensor.hpp"
#include "../training_step.hpp"

using namespace effv2;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& body) {
  const Clock::time_point begin = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Median seconds of a step, after a warm-up, over about `total` seconds.
double median_seconds(const std::function<void()>& step, double total = 4.0) {
  for (int i = 0; i < 3; ++i) step();
  std::vector<double> times;
  double sum = 0.0;
  while (times.size() < 3 || sum < total) {
    times.push_back(seconds_of(step));
    sum += times.back();
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

struct Network {
  std::string model;
  std::int64_t size, batch, channels = 1, classes = 10;
  int threads;

  explicit Network(const std::vector<std::string>& a)
      : model(a.at(1)), size(std::stoll(a.at(2))), batch(std::stoll(a.at(3))) {
    threads = std::stoi(a.at(4));
    if (a.size() > 5) channels = std::stoll(a.at(5)), classes = std::stoll(a.at(6));
  }
  auto build() const {
    return models::efficientnet<float>(model, {.in_channels = channels, .classes = classes}, 1);
  }
  Tensor<float> pictures() const { return random_tensor({batch, size, size, channels}); }
};

double train(const Network& network) {
  auto model = network.build();
  const Tensor<float> x = network.pictures();
  TrainingStep step(model, x, network.classes, network.threads);
  return static_cast<double>(network.batch) / median_seconds([&] { step(); });
}

double infer(const Network& network) {
  const auto model = network.build();
  nn::Context<float> context(network.threads);
  const Tensor<float> x = network.pictures();
  return static_cast<double>(network.batch) / median_seconds([&] { model.infer(x, context); });
}

double lenet(std::int64_t batch) {
  using namespace nn;
  const auto relu = Activation<float>{ActivationKind::relu};
  Sequential<float> model(
      Conv2d<float>({.in_channels = 1, .out_channels = 6, .kernel = 5, .bias = true}), relu,
      MaxPool<float>({.kernel = 2, .stride = 2}),
      Conv2d<float>({.in_channels = 6,
                     .out_channels = 16,
                     .kernel = 5,
                     .padding = Padding::valid,
                     .bias = true}),
      relu, MaxPool<float>({.kernel = 2, .stride = 2}), Flatten<float>(), Linear<float>(400, 120),
      relu, Linear<float>(120, 84), relu, Linear<float>(84, 10));
  initialize(model, 1);
  const Tensor<float> x = random_tensor({batch, 28, 28, 1});
  TrainingStep step(model, x, 10, 1);
  for (int i = 0; i < 50; ++i) step();
  const std::clock_t begin = std::clock();
  constexpr int steps = 1000;
  for (int i = 0; i < steps; ++i) step();
  const double cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return static_cast<double>(batch) * steps / cpu;
}

// Multiply-adds in registers, in enough independent chains to hide their latency.
[[gnu::noinline]] float multiply_adds(int rounds) {
  constexpr int chains = 12;
  using V = simd::Vector<float>;
  V sums[chains];
  EFFV2_UNROLL for (int c = 0; c < chains; ++c) sums[c] = V(static_cast<float>(c));
  const V factor(0.999F), term(0.001F);
  for (int i = 0; i < rounds; ++i) {
    EFFV2_UNROLL for (int c = 0; c < chains; ++c) {
      sums[c] = simd::fma<float>(sums[c], factor, term);
    }
  }
  V total(0.0F);
  EFFV2_UNROLL for (int c = 0; c < chains; ++c) total += sums[c];
  return 2.0F * chains * static_cast<float>(simd::width<float>) * static_cast<float>(rounds) +
         0.0F * simd::reduce_add<float>(total);
}

double peak() {
  constexpr int rounds = 1 << 20;
  double best = 0.0;
  for (int repeat = 0; repeat < 40; ++repeat) {
    double operations = 0.0;
    const double seconds =
        seconds_of([&] { operations = static_cast<double>(multiply_adds(rounds)); });
    best = std::max(best, operations / seconds * 1e-9);
  }
  return best;
}

// Nominal operations over the nine dense convolution shapes of EfficientNetV2-S at 28 pixels.
double convolutions(const std::string& direction) {
  using namespace kernels;
  struct Case {
    std::int64_t at, in, out, kernel;
  };
  constexpr Case cases[] = {{14, 24, 24, 3},   {7, 48, 192, 3},   {4, 64, 256, 3},
                            {2, 128, 512, 1},  {2, 160, 960, 1},  {2, 960, 160, 1},
                            {1, 256, 1536, 1}, {1, 1536, 256, 1}, {1, 1536, 64, 1}};
  const Execution run(1);
  double logarithms = 0.0;
  for (const Case& c : cases) {
    const WindowPlan plan(Window(c.at, c.at, c.kernel, 1, Padding::symmetric));
    const Tensor<float> x = random_tensor({128, c.at, c.at, c.in});
    const Tensor<float> y = random_tensor({128, c.at, c.at, c.out});
    const Tensor<float> w = random_tensor({c.kernel, c.kernel, c.in, c.out});
    Tensor<float> dx(x.shape()), dy(y.shape()), dw(w.shape());
    PackedMatrix<float> packed;
    const bool data = direction == "data";
    pack<float>(packed, w, c.kernel * c.kernel, c.in, c.out, data ? Transpose::yes : Transpose::no,
                run);
    const double seconds = median_seconds(
        [&] {
          if (data) {
            conv2d_backward_data<float>(dx, y, packed, plan, run);
          } else if (direction == "weight") {
            conv2d_backward_weights<float>(dw, y, x, plan, run);
          } else {
            conv2d_forward<float>(dy, x, packed, {}, plan, run);
          }
        },
        0.2);
    const double operations = 2.0 * static_cast<double>(y.size() * c.in * c.kernel * c.kernel);
    logarithms += std::log(operations / seconds * 1e-9);
  }
  return std::exp(logarithms / static_cast<double>(std::size(cases)));
}

double adamw(int threads) {
  auto model = models::efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1);
  optim::AdamW<float> optimizer(model, {.weight_decay = 0.02});
  const Execution run(threads);
  return 1.0 / median_seconds([&] {
           pretend_backward(model);
           optimizer.step(1e-4, run);
         });
}

double plain_adamw(int threads) {
  constexpr std::int64_t count = 20'189'866;
  // As effv2's tensors, on large pages: the loop, not the memory, is to be compared.
  Tensor<float> w = Tensor<float>::filled({count}, 1e-2F),
                g = Tensor<float>::filled({count}, 1e-3F);
  Tensor<float> m({count}), v({count});
  return 1.0 / median_seconds(
                   [&] { adamw_loop(w.data(), g.data(), m.data(), v.data(), count, threads); });
}

double measure(const std::vector<std::string>& a) {
  const std::string& what = a.at(0);
  if (what == "train") return train(Network(a));
  if (what == "infer") return infer(Network(a));
  if (what == "lenet") return lenet(std::stoll(a.at(1)));
  if (what == "conv") return convolutions(a.at(1));
  if (what == "peak") return peak();
  if (what == "adamw") return adamw(std::stoi(a.at(1)));
  if (what == "adamw-loop") return plain_adamw(std::stoi(a.at(1)));
  throw std::invalid_argument("unknown measurement " + what);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const double value = measure({argv + 1, argv + argc});
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("{\"value\": %.6g, \"rss_mib\": %.1f, \"version\": \"%s %s\"}\n", value,
                static_cast<double>(usage.ru_maxrss) / 1024.0, EFFV2_VERSION_STRING,
                EFFV2_ISA_NAME);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "effv2_compare: %s (see the head of main.cpp)\n", error.what());
    return 2;
  }
}
