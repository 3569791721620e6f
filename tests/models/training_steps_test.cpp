// What holds for whole training steps: the same bits for any number of threads, no allocation in
// the steady state, two models side by side.
#include <malloc.h>

#include <cstdlib>
#include <effv2/kernels/loss.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/optim/ema.hpp>
#include <new>
#include <thread>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/counting_new.hpp"
#include "../support/random.hpp"

namespace effv2::training_steps_test {

using testing::Dice;

namespace {

// What malloc has handed out, to whomever; 0 where it cannot tell.
std::int64_t heap_bytes() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  return static_cast<std::int64_t>(mallinfo2().uordblks);
#else
  return 0;
#endif
}

// Some steps of AdamW with EMA on noise; returns all weights and statistics, one after the other.
struct Run {
  models::EfficientNet<float> model;
  nn::Context<float> context;
  optim::AdamW<float> optimizer;
  optim::Ema<float> ema;
  models::EfficientNet<float>::Saved saved;
  Tensor<float> images;
  std::vector<std::int32_t> labels;
  std::uint64_t step = 0;

  Run(int threads, std::uint64_t seed, std::int64_t batch = 12)
      : model(models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, seed)),
        context(threads, seed),
        optimizer(model),
        ema(model, 0.99),
        images(Dice(static_cast<std::uint32_t>(300 + seed)).tensor<float>({batch, 28, 28, 1})) {
    for (std::int64_t n = 0; n < batch; ++n) labels.push_back(static_cast<std::int32_t>(n % 10));
  }

  void train() {
    context.begin_step(step++, images);
    const Tensor<float> logits = model.forward(images, saved, context);
    Tensor<float> targets = context.tensor(logits.shape()), d = context.tensor(logits.shape());
    kernels::smooth_targets<float>(targets, labels, 0.1);
    kernels::softmax_cross_entropy<float>(d, logits, targets);
    model.backward(d, saved, context);
    optimizer.step(1e-3, context.execution);
    ema.update(context.execution);
  }

  std::vector<float> numbers() {
    std::vector<float> all;
    const auto add = [&](const std::string&, const auto& v) {
      all.insert(all.end(), v.value().begin(), v.value().end());
    };
    nn::for_each_parameter(std::as_const(model), add);
    nn::for_each_state(std::as_const(model), add);
    return all;
  }
};

std::vector<float> after_steps(int threads, std::uint64_t seed, int steps) {
  Run run(threads, seed);
  for (int i = 0; i < steps; ++i) run.train();
  return run.numbers();
}

}  // namespace

TEST_CASE("training gives the same bits for any number of threads and in every run", "[steps]") {
  const std::vector<float> first = after_steps(1, 1, 4);
  for (const float v : first) REQUIRE(std::isfinite(v));
  CHECK(after_steps(1, 1, 4) == first);
  for (const int threads : {2, 3, 4, 7}) {
    CAPTURE(threads);
    CHECK(after_steps(threads, 1, 4) == first);
  }
  CHECK(after_steps(1, 2, 4) != first);
}

TEST_CASE("a steady training step allocates nothing", "[steps]") {
  struct Case {
    int threads;
    const char* frozen;
  };
  for (const auto& [threads, frozen] : {Case{1, nullptr}, Case{2, nullptr}, Case{1, "stem"}}) {
    Run run(threads, 1);
    if (frozen != nullptr) nn::freeze(run.model, frozen), nn::freeze(run.model, "blocks");
    for (int i = 0; i < 5; ++i) run.train();
    // Both counters are read before any assertion, which allocates.
    const std::int64_t before = testing::allocations, heap_before = heap_bytes();
    for (int i = 0; i < 3; ++i) run.train();
    const std::int64_t after = testing::allocations, heap_after = heap_bytes();
    CAPTURE(threads);
    CHECK(after == before);
    CHECK(heap_after == heap_before);
    CHECK(before > 0);
  }
}

TEST_CASE("memory that runs out anywhere is reported, and the next try works", "[steps]") {
  const std::vector<float> whole = after_steps(2, 1, 2);
  Dice dice(310);
  int failures = 0;
  bool failed = true;
  // From the first allocation of a run to beyond the last.
  for (std::int64_t nth = 0; failed; nth += dice.between(1, testing::sweep(100) / 2)) {
    testing::fails_after = nth;
    try {
      after_steps(2, 1, 2);
      failed = false;
    } catch (const std::bad_alloc&) {
      ++failures;
    }
    testing::fails_after = -1;
    if (nth % 16 == 0) REQUIRE(after_steps(2, 1, 2) == whole);
  }
  CHECK(failures > 30);
}

TEST_CASE("two models train in two threads as one after the other", "[steps]") {
  const std::vector<float> a = after_steps(1, 1, 3), b = after_steps(1, 2, 3);
  std::vector<float> c, d;
  std::thread first([&] { c = after_steps(1, 1, 3); });
  std::thread second([&] { d = after_steps(1, 2, 3); });
  first.join();
  second.join();
  CHECK(a == c);
  CHECK(b == d);
}

TEST_CASE("one model serves several threads at once", "[steps]") {
  const auto model = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  Dice dice(310);
  const Tensor<float> x = dice.tensor<float>({4, 28, 28, 1});
  nn::Context<float> context(1);
  const Tensor<float> expected = model.infer(x, context);
  std::vector<double> differences(4, 1.0);
  std::vector<std::thread> threads;
  for (double& difference : differences) {
    threads.emplace_back([&] {
      nn::Context<float> own(1);
      for (int i = 0; i < 5; ++i) {
        difference = testing::largest_difference(model.infer(x, own), expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double difference : differences) CHECK(difference == 0.0);
}

TEST_CASE("training learns: noise is memorised", "[steps]") {
  Run run(2, 1);
  for (int i = 0; i < 60; ++i) run.train();
  const Tensor<float> logits = run.model.infer(run.images, run.context);
  Tensor<float> targets(logits.shape()), unused(logits.shape());
  kernels::smooth_targets<float>(targets, run.labels, 0.0);
  CHECK(kernels::softmax_cross_entropy<float>(unused, logits, targets) < 1.5);
}

TEST_CASE("a summary foretells what a training step takes", "[efficientnet][memory]") {
  struct Case {
    const char* name;
    Shape x;
  };
  for (const Case& c : {Case{"tiny", {64, 28, 28, 1}}, Case{"b0", {32, 32, 32, 3}},
                        Case{"v1-b0", {4, 96, 96, 3}}}) {
    auto model = models::efficientnet<float>(c.name, {.in_channels = c.x[3], .classes = 10}, 1);
    nn::Context<float> context(2);
    models::EfficientNet<float>::Saved saved;
    Dice dice(77);
    const Tensor<float> x = dice.tensor<float>(c.x);
    for (std::uint64_t step = 0; step < 3; ++step) {
      context.begin_step(step, x);
      const Tensor<float> y = model.forward(x, saved, context);
      model.backward(y, saved, context);
    }
    const nn::Summary summary = nn::summary(model, c.x);
    const auto weights = static_cast<double>(4 * summary.parameters) * sizeof(float);
    const double taken = weights + static_cast<double>(context.execution.pool->reserved_bytes());
    CAPTURE(c.name, taken, summary.training_bytes());
    CHECK(static_cast<double>(summary.training_bytes()) == Approx(taken).epsilon(0.12));
  }
}

}  // namespace effv2::training_steps_test
