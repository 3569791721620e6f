#include <algorithm>
#include <chrono>
#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/trainer.hpp>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::trainer_test {

using testing::quarters;

namespace {

nn::Sequential<float> network() {
  nn::Sequential<float> net(
      nn::conv_bn_act<float>(1, 8, 3, 2, {}, nn::ActivationKind::silu),
      nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 2, .drop_path = 0.1}),
      nn::Flatten<float>{}, nn::Linear<float>(4 * 4 * 8, 4));
  nn::initialize(net, 1);
  return net;
}

train::FitOptions options() {
  train::FitOptions o;
  o.epochs = 3, o.batch_size = 16, o.learning_rate = 5e-3, o.threads = 2;
  return o;
}

std::vector<float> numbers(const nn::Sequential<float>& net) {
  std::vector<float> all;
  const auto add = [&](const std::string&, const auto& variable) {
    all.insert(all.end(), variable.value().begin(), variable.value().end());
  };
  nn::for_each_parameter(net, add);
  nn::for_each_state(net, add);
  return all;
}

}  // namespace

TEST_CASE("fit learns, reports every step and epoch, and evaluates", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(60, 601);
  auto net = network();
  std::vector<train::StepReport> steps;
  std::vector<double> accuracies;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    steps.push_back(r);
    return true;
  };
  callbacks.on_epoch = [&](const train::EpochReport& r) {
    REQUIRE(r.evaluation != nullptr);
    accuracies.push_back(r.evaluation->accuracy());
  };
  const train::FitResult result = train::fit(net, training, test, options(), callbacks);
  CHECK(result.steps == 3 * 12);
  CHECK_FALSE(result.stopped);
  CHECK(steps.size() == 36);
  CHECK(steps.front().step == 1);
  CHECK(steps.back().step == 36);
  CHECK(steps.back().total_steps == 36);
  CHECK(steps.back().epoch == 2);
  CHECK(steps.back().loss < steps.front().loss);
  CHECK(steps.back().learning_rate < steps.front().learning_rate);
  CHECK(steps.back().images_per_second > 0.0);
  CHECK(accuracies.size() == 3);
  CHECK(result.evaluation.accuracy() == accuracies.back());
  CHECK(result.evaluation.accuracy() > 0.9);
  CHECK(result.evaluation.predictions.size() == 60);
}

TEST_CASE("the time of callbacks is not the training's", "[trainer]") {
  const data::Dataset training = quarters(64, 600);
  auto net = network();
  std::vector<double> seconds;
  train::Callbacks callbacks;
  const std::chrono::duration<double> slept{0.5};
  callbacks.on_step = [&](const train::StepReport& r) {
    seconds.push_back(r.seconds);
    // Inside of an epoch, and at its end.
    if (r.step == 2 || r.step == 4) std::this_thread::sleep_for(slept);
    return r.step < 6;
  };
  const auto begin = std::chrono::steady_clock::now();
  train::fit(net, training, options(), callbacks);
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - begin;
  CHECK(std::is_sorted(seconds.begin(), seconds.end()));
  CHECK(seconds.back() <= (all - 2 * slept).count());
}

TEST_CASE("the step of the best evaluation is remembered", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(60, 601);
  auto net = network();
  train::Trainer<nn::Sequential<float>> trainer(net, training, test, options());
  CHECK(trainer.best_step() == 0);
  double best = -1.0;
  std::int64_t step = 0;
  train::Callbacks callbacks;
  callbacks.on_epoch = [&](const train::EpochReport& r) {
    if (r.evaluation->accuracy() > best) best = r.evaluation->accuracy(), step = r.step;
    CHECK(trainer.best_step() == step);
  };
  trainer.run(callbacks);
  CHECK(trainer.epoch() == 3);
}

TEST_CASE("a step count ends training inside of an epoch", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(20, 601);
  auto net = network();
  train::FitOptions o = options();
  o.steps = 17;
  CHECK(train::fit(net, training, test, o).steps == 17);
}

TEST_CASE("a callback stops training, and the result so far is evaluated", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(20, 601);
  auto net = network();
  train::Callbacks callbacks;
  callbacks.on_step = [](const train::StepReport& r) { return r.step < 5; };
  const train::FitResult result = train::fit(net, training, test, options(), callbacks);
  CHECK(result.stopped);
  CHECK(result.steps == 5);
  CHECK(result.evaluation.confusion.total() == 20);
}

TEST_CASE("training is the same for any number of threads", "[trainer]") {
  const data::Dataset training = quarters(100, 600), test = quarters(20, 601);
  std::vector<float> first;
  for (const int threads : {1, 2, 3}) {
    auto net = network();
    train::FitOptions o = options();
    o.threads = threads, o.ema_decay = 0.9;
    o.data.augmentation.shift = 1.0;
    train::fit(net, training, test, o);
    if (threads == 1) {
      first = numbers(net);
    } else {
      CHECK(numbers(net) == first);
    }
  }
}

TEST_CASE("with an average the model ends with it", "[trainer]") {
  const data::Dataset training = quarters(100, 600), test = quarters(20, 601);
  auto plain = network(), averaged = network();
  train::FitOptions o = options();
  train::fit(plain, training, test, o);
  o.ema_decay = 0.95;
  train::fit(averaged, training, test, o);
  CHECK(numbers(plain) != numbers(averaged));
}

TEST_CASE("every optimiser and schedule trains", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(40, 601);
  using train::OptimizerKind;
  for (const OptimizerKind kind :
       {OptimizerKind::sgd, OptimizerKind::rmsprop, OptimizerKind::muon}) {
    auto net = network();
    train::FitOptions o = options();
    o.optimizer = kind, o.schedule = optim::ScheduleKind::exponential, o.warmup_epochs = 1.0;
    o.learning_rate = kind == OptimizerKind::sgd ? 0.05 : 0.01, o.weight_decay = 1e-5;
    CHECK(train::fit(net, training, test, o).evaluation.accuracy() > 0.7);
  }
}

TEST_CASE("an optimizer of one's own trains as one that the options name", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  auto named = network(), handed = network(), other = network();
  const train::FitOptions o = options();
  train::fit(named, training, test, o);

  train::FitOptions own = o;
  own.optimizer = train::OptimizerKind::own;
  const auto adamw = [&](auto& model) {
    return std::make_unique<optim::AdamW<float>>(
        model, optim::AdamWOptions{.weight_decay = o.weight_decay});
  };
  train::Trainer trainer(handed, training, test, own, adamw(handed));
  trainer.run();
  CHECK(numbers(handed) == numbers(named));
  CHECK(trainer.configuration().find("optimizer own") != std::string::npos);

  // A norm to clip at is the options' word, unless the optimizer says another.
  own.clip_norm = 1e-3;
  auto clipped = network(), clipped_by_name = network();
  train::Trainer(clipped, training, test, own, adamw(clipped)).run();
  train::FitOptions clips = o;
  clips.clip_norm = 1e-3;
  train::fit(clipped_by_name, training, test, clips);
  CHECK(numbers(clipped) == numbers(clipped_by_name));
  auto other_norm = adamw(handed);
  other_norm->clip_norm = 2.0;
  CHECK_THROWS_AS(train::Trainer(handed, training, test, own, std::move(other_norm)), Error);

  // Momentum and weight decay are the optimizer's own.
  train::FitOptions with_momentum = own, with_decay = own;
  with_momentum.momentum = 0.8, with_decay.weight_decay = 0.3;
  CHECK_THROWS_AS(train::Trainer(handed, training, test, with_momentum, adamw(handed)), Error);
  CHECK_THROWS_AS(train::Trainer(handed, training, test, with_decay, adamw(handed)), Error);
  CHECK_THROWS_AS(train::Trainer(handed, training, test, own), Error);
  CHECK_THROWS_AS(train::Trainer(handed, training, test, own, adamw(other)), Error);
  CHECK_THROWS_AS(train::Trainer(handed, training, test, o, adamw(handed)), Error);
}

TEST_CASE("a weight that is not finite is named, and nothing is updated", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  std::vector<std::string> paths;
  nn::for_each_parameter(network(),
                         [&](const std::string& path, const auto&) { paths.push_back(path); });
  REQUIRE(paths.size() > 10);
  for (const std::string& broken : paths) {
    CAPTURE(broken);
    auto net = network();
    nn::for_each_parameter(net, [&](const std::string& path, auto& p) {
      if (path == broken) p.edit()[0] = std::numeric_limits<float>::quiet_NaN();
    });
    const std::vector<float> before = numbers(net);
    try {
      train::fit(net, training, test, options());
      FAIL("nothing was thrown");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::non_finite);
      CHECK(std::string(error.what()).find(": " + broken + ";") != std::string::npos);
    }
    const std::vector<float> after = numbers(net);
    CHECK(std::equal(before.begin(), before.end(), after.begin(),
                     [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }));
  }
}

TEST_CASE("the first layer that activations blow up in is named", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  const auto message = [&](const std::string& filled, float value) -> std::string {
    auto net = network();
    nn::for_each_parameter(net, [&](const std::string& path, auto& p) {
      if (path == filled) p.edit().fill(value);
    });
    try {
      train::fit(net, training, test, options());
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::non_finite);
      return error.what();
    }
    return "nothing was thrown";
  };
  CHECK_THAT(message("0.bn.bias", 3e38F), Catch::Contains("what reaches 1.expand.bn;"));
  // Squares of these are infinite, and a batch norm makes zero of a number over infinity: the loss
  // is finite.
  CHECK_THAT(message("0.conv.weight", 1e25F), Catch::Contains("what reaches 0.bn;"));
}

TEST_CASE("a step that failed is made up for by the next run", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  const auto trained = [&](bool fails) {
    auto net = network();
    train::Trainer<nn::Sequential<float>> trainer(net, training, test, options());
    float kept = 0.0F;
    const auto set = [&](float value) {
      nn::for_each_parameter(net, [&](const std::string& path, auto& p) {
        if (path == "3.weight") kept = std::exchange(p.edit()[0], value);
      });
    };
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& r) {
      if (fails && r.step == 2) set(std::numeric_limits<float>::infinity());
      return true;
    };
    if (fails) {
      CHECK_THROWS_AS(trainer.run(callbacks), Error);
      CHECK(trainer.step() == 2);
      set(kept);
      fails = false;
    }
    CHECK(trainer.run(callbacks).steps == 3 * 4);
    CHECK(trainer.epoch() == 3);
    return numbers(net);
  };
  CHECK(trained(true) == trained(false));
}

TEST_CASE("a step that is not finite can be skipped", "[trainer]") {
  // A weight is spoilt after the second step and mended after the third.
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  auto net = network();
  train::FitOptions o = options();
  o.on_non_finite = train::NonFinite::skip, o.epochs = 2, o.ema_decay = 0.9;
  float kept = 0.0F;
  const auto set = [&](float value) {
    nn::for_each_parameter(net, [&](const std::string& path, auto& p) {
      if (path != "3.weight") return;
      kept = std::as_const(p).value()[0];
      p.edit()[0] = value;
    });
  };
  std::vector<bool> skipped;
  std::vector<float> before;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    skipped.push_back(r.skipped);
    if (r.step == 2) {
      before = numbers(net);
      set(std::numeric_limits<float>::infinity());
    }
    if (r.step == 3) {
      set(kept);
      CHECK(numbers(net) == before);
    }
    return true;
  };
  std::vector<double> losses;
  callbacks.on_epoch = [&](const train::EpochReport& r) { losses.push_back(r.loss); };
  const train::FitResult result = train::fit(net, training, test, o, callbacks);
  CHECK(skipped == std::vector<bool>{false, false, true, false, false, false, false, false});
  CHECK(result.skipped == 1);
  CHECK(result.steps == 8);
  for (const double loss : losses) CHECK(std::isfinite(loss));
  for (const float number : numbers(net)) CHECK(std::isfinite(number));
}

TEST_CASE("what was never done has no loss", "[trainer]") {
  const data::Dataset training = quarters(64, 600);
  auto net = network();
  nn::for_each_parameter(net, [](const std::string& path, auto& p) {
    if (path == "3.weight") p.edit()[0] = std::numeric_limits<float>::infinity();
  });
  train::FitOptions o = options();
  o.on_non_finite = train::NonFinite::skip, o.epochs = 1;
  train::Callbacks callbacks;
  callbacks.on_step = [](const train::StepReport& r) {
    CHECK(r.skipped);
    CHECK(std::isnan(r.loss));
    return true;
  };
  callbacks.on_epoch = [](const train::EpochReport& r) {
    CHECK(std::isnan(r.loss));
    CHECK(std::isnan(r.accuracy));
  };
  CHECK(train::fit(net, training, o, callbacks).skipped == 4);
}

TEST_CASE("what a backward pass left before is no part of a run", "[trainer]") {
  const data::Dataset training = quarters(64, 600);
  auto fresh = network(), used = network();
  nn::for_each_parameter(used, [](const std::string&, auto& p) { p.gradient().fill(1.0F); });
  train::fit(fresh, training, options());
  train::fit(used, training, options());
  CHECK(numbers(used) == numbers(fresh));
}

TEST_CASE("options and data that cannot be are refused before training", "[trainer]") {
  const data::Dataset training = quarters(20, 600), test = quarters(20, 601);
  auto net = network();
  const auto refuses = [&](auto change) {
    train::FitOptions o = options();
    change(o);
    CHECK_THROWS_AS(train::fit(net, training, test, o), Error);
  };
  refuses([](train::FitOptions& o) { o.batch_size = 0; });
  refuses([](train::FitOptions& o) { o.batch_size = 21; });
  refuses([](train::FitOptions& o) { o.epochs = 0; });
  refuses([](train::FitOptions& o) { o.label_smoothing = 1.0; });
  refuses([](train::FitOptions& o) { o.learning_rate = 0.0; });
  refuses([](train::FitOptions& o) { o.clip_norm = std::numeric_limits<double>::infinity(); });
  refuses([](train::FitOptions& o) { o.ema_decay = 1.0; });
  refuses([](train::FitOptions& o) { o.patience = 1, o.evaluate_each_epoch = false; });
  refuses([](train::FitOptions& o) { o.stages = {{.image_size = 8}, {.image_size = -1}}; });
  data::Dataset five = quarters(20, 602);
  five.classes = 5;
  CHECK_THROWS_AS(train::fit(net, five, test, options()), Error);
}

TEST_CASE("a model that is frozen as a whole is not trained in vain", "[trainer]") {
  const data::Dataset training = quarters(20, 600), test = quarters(20, 601);
  auto net = network();
  nn::freeze(net, "");
  CHECK_THROWS_AS(train::fit(net, training, test, options()), Error);
  nn::freeze(net, "3", false);  // the classifier alone
  CHECK_NOTHROW(train::fit(net, training, test, options()));
}

TEST_CASE("test data unlike the training data are refused before the first step", "[trainer]") {
  const data::Dataset training = quarters(20, 600);
  auto net = network();
  const auto refuses = [&](const auto& change) {
    data::Dataset test = quarters(20, 601);
    change(test);
    train::FitOptions o = options();
    o.patience = 2;
    CHECK_THROWS_AS(train::Trainer(net, training, test, o), Error);
  };
  refuses([](data::Dataset& test) { test.classes = 5; });
  refuses([](data::Dataset& test) { test.images.reshape({20, 8, 4, 2}); });
  refuses([](data::Dataset& test) { test.images.reshape({20, 4, 16, 1}); });
  refuses([](data::Dataset& test) { test = {}; });
  data::Dataset named = quarters(20, 600), other = quarters(20, 601);
  named.class_names = {"a", "b", "c", "d"}, other.class_names = {"a", "c", "b", "d"};
  CHECK_THROWS_AS(train::Trainer(net, named, other, options()), Error);
  data::Dataset unlabelled = quarters(20, 601);  // forgotten, and not "no test data"
  unlabelled.labels.clear();
  CHECK_THROWS_AS(train::Trainer(net, training, unlabelled, options()), Error);
}

TEST_CASE("parts of a model may have rates of their own, which a checkpoint knows", "[trainer]") {
  const data::Dataset training = quarters(20, 600), test = quarters(20, 601);
  auto net = network();
  train::Trainer trainer(net, training, test, options());
  const std::string before = trainer.configuration();
  trainer.optimizer().group("", 0.5, 0.0);
  CHECK(trainer.configuration() != before);
}

TEST_CASE("gradients of several batches make the step of one large batch", "[trainer]") {
  const data::Dataset training = quarters(200, 600), test = quarters(20, 601);
  const auto trained = [&](std::int64_t batch, std::int64_t accumulate) {
    nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(64, 4));
    nn::initialize(net, 1);
    train::FitOptions o = options();
    o.batch_size = batch, o.accumulate = accumulate;
    std::vector<train::StepReport> steps;
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& r) {
      steps.push_back(r);
      return true;
    };
    train::fit(net, training, test, o, callbacks);
    return std::pair(numbers(net), steps);
  };
  const auto [whole, steps] = trained(24, 1);
  const auto [parts, part_steps] = trained(8, 3);
  REQUIRE(steps.size() == 3 * 8);
  REQUIRE(part_steps.size() == 3 * 8);  // an incomplete step is left out
  for (std::size_t i = 0; i < steps.size(); ++i) {
    REQUIRE(part_steps[i].loss == Approx(steps[i].loss).epsilon(1e-4));
    REQUIRE(part_steps[i].accuracy == Approx(steps[i].accuracy));
    REQUIRE(part_steps[i].gradient_norm == Approx(steps[i].gradient_norm).epsilon(1e-4));
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    REQUIRE(parts[i] == Approx(whole[i]).margin(1e-4));
  }
}

TEST_CASE("where images are mixed, so are their targets", "[trainer]") {
  const data::Dataset training = quarters(40, 600);
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(64, 4));
  nn::initialize(net, 1);
  train::FitOptions o = options();
  o.steps = 1, o.data.mixup = 0.8, o.label_smoothing = 0.1;
  data::LoaderOptions loading = o.data;
  loading.batch_size = o.batch_size, loading.seed = o.seed;
  const data::Batch<float> batch = data::Loader<float>(training, loading).batch(0, 0);
  nn::Context<float> context(1);
  const Tensor<float> logits = net.infer(batch.images, context);
  Tensor<float> targets(logits.shape()), unused(logits.shape());
  kernels::smooth_targets<float>(targets, batch.labels, 0.1);
  data::mix_rows<float>(targets, batch.mix);
  const double expected = kernels::softmax_cross_entropy<float>(unused, logits, targets);
  train::Callbacks callbacks;
  double loss = 0.0;
  callbacks.on_step = [&](const train::StepReport& r) {
    loss = r.loss;
    return true;
  };
  const train::FitResult result = train::fit(net, training, o, callbacks);
  CHECK(result.evaluation.predictions.empty());
  CHECK(loss == Approx(expected).epsilon(1e-5));
}

TEST_CASE("training ends when patience does", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(30, 601);
  auto net = network();
  train::FitOptions o = options();
  o.epochs = 40, o.patience = 3;
  std::vector<double> accuracies;
  train::Callbacks callbacks;
  callbacks.on_epoch = [&](const train::EpochReport& r) {
    accuracies.push_back(r.evaluation->accuracy());
  };
  const train::FitResult result = train::fit(net, training, test, o, callbacks);
  REQUIRE(accuracies.size() < 40);
  CHECK_FALSE(result.stopped);
  const auto best = std::max_element(accuracies.begin(), accuracies.end());
  CHECK(accuracies.end() - best == 4);  // the best, and three that were no better
  CHECK(result.best_step == 4 * (best - accuracies.begin() + 1));

  // Of the last of four stages.
  o.stages.resize(4);
  accuracies.clear();
  train::fit(net, training, test, o, callbacks);
  CHECK(accuracies.size() >= 33);
  CHECK(accuracies.size() < 40);
}

TEST_CASE("stages change size and dropout, each for as many steps", "[trainer][progressive]") {
  const data::Dataset training = quarters(100, 600), test = quarters(20, 601);
  models::ModelSpec spec = models::find_model("tiny");
  models::EfficientNet<float> net(spec, {.in_channels = 1, .classes = 4});
  nn::initialize(net, 1);
  train::FitOptions o = options();
  o.epochs = 3, o.batch_size = 20;  // 15 steps
  o.stages = train::progressive_stages({4, 8, 5, 15, 0.0, 0.2, 0.1, 0.3}, 3, {.shift = 1});
  std::vector<std::int64_t> sizes;
  std::vector<double> rates;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    sizes.push_back(r.image_size), rates.push_back(net.dropout.rate);
    return true;
  };
  train::fit(net, training, test, o, callbacks);
  REQUIRE(sizes.size() == 15);
  for (std::size_t i = 0; i < 15; ++i) {
    CHECK(sizes[i] == static_cast<std::int64_t>(4 + 2 * (i / 5)));
    CHECK(rates[i] == Approx(0.1 + 0.1 * static_cast<double>(i / 5)));
  }
  CHECK(net.dropout.rate == Approx(spec.dropout));  // its own again
  // A stage that does not say is as the model was built, not as the stage before.
  rates.clear();
  o.stages[0].dropout = 0.25, o.stages[1].dropout = -1.0;
  train::fit(net, training, test, o, callbacks);
  CHECK(rates[0] == Approx(0.25));
  CHECK(rates[5] == Approx(spec.dropout));
  CHECK(rates[10] == Approx(0.3));
  // One that does not say a size has that of the options' data.
  sizes.clear();
  o.data.image_size = 6, o.stages[1].image_size = {};
  train::fit(net, training, test, o, callbacks);
  CHECK(sizes[5] == 6);
  CHECK(sizes[10] == 8);
  // The same in a model without the dial.
  auto plain = network();
  CHECK_THROWS_AS(train::fit(plain, training, test, o), Error);
}

TEST_CASE("statistics estimated anew are those of pictures as they are evaluated", "[trainer]") {
  const data::Dataset training = quarters(100, 600), test = quarters(20, 601);
  const auto trained = [&](std::int64_t batches) {
    auto net = network();
    train::FitOptions o = options();
    o.data.augmentation.shift = 3.0, o.ema_decay = 0.9, o.statistics_batches = batches;
    train::fit(net, training, test, o);
    std::vector<float> parameters, states;
    nn::for_each_parameter(net, [&](const std::string&, const auto& p) {
      parameters.insert(parameters.end(), p.value().begin(), p.value().end());
    });
    nn::for_each_state(net, [&](const std::string&, const auto& s) {
      states.insert(states.end(), s.value().begin(), s.value().end());
    });
    return std::pair(parameters, states);
  };
  const auto before = trained(0), after = trained(4), again = trained(4);
  CHECK(after.first == before.first);
  CHECK(after.second != before.second);
  CHECK(after.second == again.second);
}

TEST_CASE("statistics estimated anew are the means over the batches", "[trainer]") {
  const data::Dataset training = quarters(100, 600), test = quarters(20, 601);
  train::FitOptions o = options();
  o.epochs = 40, o.data.augmentation.shift = 3.0, o.statistics_batches = 3;
  data::LoaderOptions loading = o.data;
  loading.batch_size = o.batch_size, loading.seed = o.seed, loading.augmentation = {};
  const data::Loader<float> loader(training, loading);
  double expected = 0.0;
  for (std::int64_t i = 0; i < 3; ++i) {
    const data::Batch<float> batch = loader.batch(0, i);
    double sum = 0.0;
    for (const float pixel : batch.images) sum += static_cast<double>(pixel);
    expected += sum / static_cast<double>(3 * batch.images.size());
  }
  for (const std::int64_t patience : {0, 2}) {  // at the end of the run, or where patience ends it
    nn::Sequential<float> net(nn::BatchNorm<float>({.channels = 1}), nn::Flatten<float>{},
                              nn::Linear<float>(64, 4));
    nn::initialize(net, 1);
    o.patience = patience, o.epochs = patience > 0 ? 40 : 2;
    const train::FitResult result = train::fit(net, training, test, o);
    CHECK((result.steps < 40 * (100 / o.batch_size)));
    CHECK(net[0].as<nn::BatchNorm<float>>()->running_mean.value()[0] ==
          Approx(expected).margin(1e-6));
  }
}

namespace {

// y = x + f(x), written as anybody would: what f returns of its input is added to.
struct Residual {
  using value_type = float;
  struct Saved {
    nn::Conv2d<float>::Saved f;
  };
  nn::Conv2d<float> f{{.in_channels = 1, .out_channels = 1}};

  Tensor<float> forward(const Tensor<float>& x, Saved& saved, nn::Context<float>& context) {
    return sum(f.forward(x, saved.f, context), x);
  }
  Tensor<float> backward(const Tensor<float>& dy, Saved& saved, nn::Context<float>& context) {
    return sum(f.backward(dy, saved.f, context), dy);
  }
  Tensor<float> infer(const Tensor<float>& x, nn::Context<float>& context) const {
    return sum(f.infer(x, context), x);
  }
  void visit(nn::Visitor<float>& visitor) { visitor("f", f); }
  int describe(nn::Graph& graph, int input) const { return graph.enter("f", f, input); }

  static Tensor<float> sum(Tensor<float> a, const Tensor<float>& b) {
    if (a.shape() != b.shape()) throw std::logic_error("a gradient is missing");
    for (std::int64_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  }
};

}  // namespace

TEST_CASE("a layer of one's own may be a network's first", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  nn::Sequential<float> net(Residual{}, nn::Flatten<float>{}, nn::Linear<float>(64, 4));
  nn::initialize(net, 1);
  CHECK_NOTHROW(train::fit(net, training, test, options()));
}

TEST_CASE("what an epoch's evaluation is of can be had while it is reported", "[trainer]") {
  const data::Dataset training = quarters(64, 600), test = quarters(20, 601);
  auto net = network();
  train::FitOptions o = options();
  o.ema_decay = 0.9;
  train::Trainer trainer(net, training, test, o);
  train::Callbacks callbacks;
  int reports = 0;
  const auto loss = [&] { return train::evaluate(net, test, o.data, trainer.context()).loss; };
  callbacks.on_epoch = [&](const train::EpochReport& report) {
    ++reports;
    const double own = loss();
    CHECK(trainer.with_average(loss) == report.evaluation->loss);
    CHECK(trainer.with_average([&] { return trainer.with_average(loss); }) ==
          report.evaluation->loss);
    CHECK(own != report.evaluation->loss);
    CHECK(loss() == own);
  };
  const double last = trainer.run(callbacks).evaluation.loss;
  CHECK(reports == 3);
  CHECK(loss() == last);
  CHECK(trainer.with_average(loss) == last);  // the model has kept it
}

TEST_CASE("an image's loss counts as often as its class does", "[trainer]") {
  const data::Dataset training = quarters(64, 605);
  const auto first_loss = [&](std::vector<double> weights) {
    auto net = network();
    train::FitOptions o = options();
    o.batch_size = 64, o.steps = 1, o.class_weights = std::move(weights);
    double loss = 0.0;
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& r) {
      loss = r.loss;
      return true;
    };
    train::fit(net, training, o, callbacks);
    return loss;
  };
  const double whole = first_loss({});
  CHECK(first_loss({1.0, 1.0, 1.0, 1.0}) == whole);
  double sum = 0.0;
  for (int k = 0; k < 4; ++k) {
    std::vector<double> weights(4, 0.0);
    weights[static_cast<std::size_t>(k)] = 2.0;
    const double of_class = first_loss(weights);
    CHECK(of_class > 0.0);
    sum += of_class / 2.0;
  }
  CHECK(sum == Approx(whole).epsilon(1e-5));
  CHECK_THROWS_AS(first_loss({1.0, 1.0}), Error);
}

TEST_CASE("a model whose parts were exchanged is not trained half", "[trainer]") {
  const data::Dataset training = quarters(64, 606);
  const auto refuses = [&](auto exchange) {
    auto net = network();
    train::Trainer<nn::Sequential<float>> trainer(net, training, options());
    exchange(net);
    CHECK_THROWS_AS(trainer.run(), Error);
    CHECK_THROWS_AS(trainer.visit_state([](const std::string&, auto&) {}), Error);
  };
  refuses([](auto& net) { net[0] = nn::MBConv<float>({.out_channels = 8, .stride = 2}); });
  refuses([](auto& net) { net.add(nn::Linear<float>(4, 4)); });
  refuses([](auto& net) { net = nn::Sequential<float>(nn::Linear<float>(4, 4)); });
}

TEST_CASE("a run says of how many steps it is", "[trainer]") {
  const data::Dataset training = quarters(64, 607);
  auto net = network();
  train::Callbacks callbacks;
  callbacks.on_step = [](const train::StepReport& r) { return r.step < 3; };
  const train::FitResult result = train::fit(net, training, options(), callbacks);
  CHECK(result.steps == 3);
  CHECK(result.total_steps == 12);
}

TEST_CASE("what a run is known by does not change from stage to stage", "[trainer][progressive]") {
  const data::Dataset training = quarters(100, 600);
  nn::Sequential<float> net(nn::conv_bn_act<float>(1, 8, 3, 1, {}, nn::ActivationKind::silu),
                            nn::GlobalAveragePool<float>{}, nn::Linear<float>(8, 4));
  nn::initialize(net, 1);
  train::FitOptions o = options();
  o.stages = {{.image_size = 4}, {.image_size = 6}, {}};
  train::Trainer trainer(net, training, o);
  const std::string before = trainer.configuration();
  std::vector<std::int64_t> sizes;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    if (sizes.empty() || sizes.back() != r.image_size) sizes.push_back(r.image_size);
    CHECK(trainer.configuration() == before);
    return true;
  };
  trainer.run(callbacks);
  CHECK(sizes == std::vector<std::int64_t>{4, 6, 8});
}

TEST_CASE("a run is known by the dropout that its model had", "[trainer]") {
  const data::Dataset training = quarters(40, 600);
  auto net = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 4}, 1);
  const std::string built = train::Trainer(net, training, options()).configuration();
  net.set_dropout(0.9);
  CHECK(train::Trainer(net, training, options()).configuration() != built);
}

}  // namespace effv2::trainer_test
