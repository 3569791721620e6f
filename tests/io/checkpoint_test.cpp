#include <algorithm>
#include <effv2/io/checkpoint.hpp>
#include <effv2/io/weights.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/trainer.hpp>
#include <filesystem>
#include <memory>

#include "../catch.hpp"
#include "../support/checkpoint_run.hpp"
#include "../support/quarters.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::checkpoint_test {

using testing::quarters;

namespace {

nn::Sequential<float> network(std::int64_t width = 8) {
  nn::Sequential<float> net(
      nn::conv_bn_act<float>(1, width, 3, 2, {}, nn::ActivationKind::silu),
      nn::MBConv<float>(
          {.in_channels = width, .out_channels = width, .expand = 2, .drop_path = 0.2}),
      nn::Flatten<float>{}, nn::Linear<float>(4 * 4 * width, 4));
  nn::initialize(net, 1);
  return net;
}

train::FitOptions options() {
  train::FitOptions o;
  o.epochs = 2, o.batch_size = 16, o.learning_rate = 5e-3, o.threads = 2, o.ema_decay = 0.9;
  o.data.augmentation.shift = 1.0;
  return o;
}

using Net = nn::Sequential<float>;

// A network, its data and its run.
struct Subject {
  data::Dataset training = quarters(90, 600), test = quarters(20, 601);
  Net net;
  train::Trainer<Net> trainer;

  explicit Subject(const train::FitOptions& o = options(), std::int64_t width = 8)
      : net(network(width)), trainer(net, training, test, o) {}

  // All that a checkpoint holds, but for the time it took.
  std::vector<double> values() {
    std::vector<double> all;
    trainer.visit_state([&](const std::string& name, auto& value) {
      if constexpr (requires { value.value(); }) {
        for (const auto number : std::as_const(value).value()) all.push_back(number);
      } else if constexpr (requires { value.begin(); }) {
        for (const auto number : value) all.push_back(number);
      } else {
        if (name != "run.seconds") all.push_back(static_cast<double>(value));
      }
    });
    return all;
  }

  // Trains until after a step, as if the program ended there.
  void run_until(std::int64_t step) {
    train::Callbacks callbacks;
    callbacks.on_step = [step](const train::StepReport& r) { return r.step < step; };
    trainer.run(callbacks);
  }
};

// A run of nothing but its steps.
struct Fake {
  std::int64_t now, best;
  std::int64_t step() const { return now; }
  std::int64_t best_step() const { return best; }
  std::string configuration() const { return "none"; }
  template <class F>
  void visit_state(F&& f) {
    f("step", now);
  }
};

// Gradient descent whose rate falls with every number that it has updated.
class Tiring final : public optim::Optimizer<float> {
 public:
  explicit Tiring(Net& net) : Optimizer(net, 0.0, {.first = false, .second = false}) {
    register_state("weariness", weariness_), register_state("last", last_);
  }

 private:
  void begin_step(double, const Execution&) override {
    weariness_ += 0.5;
    last_.fill(static_cast<float>(weariness_));
  }
  void update(optim::UpdateSpan<float> span, double rate, double, double) const override {
    for (std::int64_t i = 0; i < span.count; ++i) {
      span.value[i] -= static_cast<float>(rate) * span.gradient[i] / last_[1];
    }
  }

  double weariness_ = 1.0;
  Tensor<float> last_{{2}};
};

void damage(const std::string& path) {
  std::vector<std::uint8_t> bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("a run cut at any step and resumed ends in the same bytes", "[checkpoint]") {
  const TemporaryFolder folder;
  using train::OptimizerKind;
  for (const auto kind :
       {OptimizerKind::adamw, OptimizerKind::rmsprop, OptimizerKind::sgd, OptimizerKind::muon}) {
    train::FitOptions o = options();
    o.optimizer = kind;
    if (kind == OptimizerKind::rmsprop) {  // in stages, of which one begins inside of an epoch
      for (const double strength : {0.0, 0.5, 1.0}) {
        o.stages.push_back({8, {.shift = strength}, 0.2 * strength});
      }
      o.statistics_batches = 2;
    }
    Subject whole(o);
    std::vector<std::pair<std::int64_t, double>> epochs;
    train::Callbacks note;
    note.on_epoch = [&](const train::EpochReport& r) { epochs.emplace_back(r.step, r.loss); };
    whole.trainer.run(note);
    REQUIRE(whole.trainer.total_steps() == 10);
    for (std::int64_t cut = 1; cut <= 10; ++cut) {
      CAPTURE(static_cast<int>(kind), cut);
      const std::string path = folder / "cut.safetensors";
      {
        Subject first(o);
        train::Callbacks callbacks;
        callbacks.on_step = [&](const train::StepReport& r) {
          if (r.step == cut) io::save_checkpoint(path, first.trainer);
          return r.step < cut;
        };
        first.trainer.run(callbacks);
      }
      o.threads = cut % 2 == 0 ? 1 : 3;
      Subject second(o);
      io::load_checkpoint(path, second.trainer);
      CHECK(second.trainer.step() == cut);
      std::vector<std::pair<std::int64_t, double>> rest;
      note.on_epoch = [&](const train::EpochReport& r) { rest.emplace_back(r.step, r.loss); };
      second.trainer.run(note);
      REQUIRE(second.values() == whole.values());
      // The epoch under way is reported whole; one that was done is not reported again.
      REQUIRE(std::equal(rest.rbegin(), rest.rend(), epochs.rbegin()));
      REQUIRE(rest.size() == (cut <= 5 ? 2 : 1));
    }
  }
}

TEST_CASE("what an optimizer of one's own has registered is kept", "[checkpoint]") {
  const TemporaryFolder folder;
  const data::Dataset training = quarters(90, 600);
  train::FitOptions o = options();
  o.optimizer = train::OptimizerKind::own, o.learning_rate = 0.5;
  const auto run = [&](Net& net, bool resumes, std::int64_t end) {
    train::Trainer trainer(net, training, o, std::make_unique<Tiring>(net));
    if (resumes) io::load_checkpoint(io::SafetensorsFile::read(folder / "cut"), trainer);
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& report) {
      if (report.step == end) io::save_checkpoint(folder / "cut", trainer);
      return report.step < end;
    };
    trainer.run(callbacks);
  };
  Net whole = network(), cut = network(), resumed = network();
  run(whole, false, 100), run(cut, false, 4), run(resumed, true, 100);
  nn::Context<float> context(1);
  const Tensor<float> x = Tensor<float>::filled({1, 8, 8, 1}, 0.5F);
  const Tensor<float> expected = whole.infer(x, context), found = resumed.infer(x, context);
  CHECK(std::equal(found.begin(), found.end(), expected.begin()));
}

TEST_CASE("a checkpoint of another network of the same shapes is refused", "[checkpoint]") {
  const TemporaryFolder folder;
  const data::Dataset training = quarters(90, 600);
  const auto net = [](const models::EfficientNetOptions& o) {
    return models::efficientnet<float>("tiny", o, 1);
  };
  const models::EfficientNetOptions own{.in_channels = 1, .classes = 4};
  auto model = net(own);
  const train::FitOptions o = options();
  train::Trainer trainer(model, training, o);
  io::save_checkpoint(folder / "a", trainer);
  const io::SafetensorsFile file = io::SafetensorsFile::read(folder / "a");
  const auto loads_into = [&](const models::EfficientNetOptions& other) {
    auto model_of_another = net(other);
    train::Trainer of_another(model_of_another, training, o);
    io::load_checkpoint(file, of_another);
  };
  CHECK_NOTHROW(loads_into(own));
  auto other = own;
  other.stem_stride = 1;
  CHECK_THROWS_WITH(loads_into(other), Catch::Contains("stem_stride"));
  other = own;
  other.defaults.activation = nn::ActivationKind::relu;
  CHECK_THROWS_WITH(loads_into(other), Catch::Contains("activation"));
}

TEST_CASE("a checkpoint's network can be had without its run", "[checkpoint]") {
  const TemporaryFolder folder;
  Subject run;
  run.run_until(3);
  io::save_checkpoint(folder / "a", run.trainer);
  const io::SafetensorsFile file = io::SafetensorsFile::read(folder / "a");
  Net own = network(), average = network();
  CHECK(io::load_weights(own, file, {.prefix = "model."}).fits());
  CHECK(io::load_weights(average, file, {.prefix = "ema.average."}).fits());
  nn::Context<float> context(1);
  const Tensor<float> x = Tensor<float>::filled({1, 8, 8, 1}, 0.5F);
  // A run that has ended leaves with its average.
  const Tensor<float> expected = run.net.infer(x, context);
  const Tensor<float> found = average.infer(x, context), other = own.infer(x, context);
  CHECK(std::equal(found.begin(), found.end(), expected.begin()));
  CHECK_FALSE(std::equal(other.begin(), other.end(), expected.begin()));
}

TEST_CASE("a finished run that is resumed is evaluated and changes nothing", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder / "run");
  Subject first;
  train::Callbacks callbacks;
  callbacks.on_epoch = [&](const train::EpochReport&) { checkpoints.save(first.trainer); };
  const train::FitResult done = first.trainer.run(callbacks);
  Subject second;
  CHECK(checkpoints.resume(second.trainer) == 10);
  const train::FitResult again = second.trainer.run();
  CHECK(again.steps == 10);
  CHECK(again.evaluation.loss == done.evaluation.loss);
  CHECK(second.values() == first.values());
}

TEST_CASE("a run that has ended is saved as it was in training", "[checkpoint]") {
  const TemporaryFolder folder;
  train::FitOptions o = options();
  o.steps = 10;
  Subject whole(o);
  const std::string during = folder / "during", after = folder / "after";
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    if (r.step == 4) io::save_checkpoint(during, whole.trainer);
    return r.step < 4;
  };
  whole.trainer.run(callbacks);  // and the model leaves with its average
  io::save_checkpoint(after, whole.trainer);
  const io::SafetensorsFile one = io::SafetensorsFile::read(during);
  const io::SafetensorsFile other = io::SafetensorsFile::read(after);
  for (const std::string name : {"model.3.weight", "ema.average.3.weight"}) {
    const Tensor<float> a = one.get<float>(name), b = other.get<float>(name);
    CHECK(std::equal(a.begin(), a.end(), b.begin()));
  }
  // One that goes on, one that begins from the file and one that never stopped end alike.
  whole.trainer.run();
  Subject straight(o);
  straight.trainer.run();
  CHECK(whole.values() == straight.values());
  Subject second(o);
  second.run_until(2);
  io::load_checkpoint(after, second.trainer);
  second.trainer.run();
  CHECK(second.values() == whole.values());
}

TEST_CASE("a run is saved the same while the model holds its average", "[checkpoint]") {
  const TemporaryFolder folder;
  Subject run;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    if (r.step == 3) {
      io::save_checkpoint(folder / "own", run.trainer);
      run.trainer.with_average([&] { io::save_checkpoint(folder / "average", run.trainer); });
      const io::SafetensorsFile own = io::SafetensorsFile::read(folder / "own");
      const io::SafetensorsFile average = io::SafetensorsFile::read(folder / "average");
      for (const std::string name : {"model.3.weight", "ema.average.3.weight"}) {
        const Tensor<float> a = own.get<float>(name), b = average.get<float>(name);
        CHECK(std::equal(a.begin(), a.end(), b.begin()));
      }
    }
    return r.step < 3;
  };
  run.trainer.run(callbacks);
}

TEST_CASE("a run may go back to a checkpoint between its steps", "[checkpoint]") {
  const TemporaryFolder folder;
  Subject straight, back;
  straight.trainer.run();
  std::vector<std::int64_t> steps;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    steps.push_back(r.step);
    if (r.step == 2) io::save_checkpoint(folder / "two", back.trainer);
    // Once within the epoch, once from the next.
    if (steps.size() == 4 || steps.size() == 9) io::load_checkpoint(folder / "two", back.trainer);
    return true;
  };
  back.trainer.run(callbacks);
  CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 4, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(back.values() == straight.values());
}

TEST_CASE("a folder is of one run", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder.path.string());
  train::FitOptions o = options();
  Subject first(o);
  first.run_until(4);
  checkpoints.save(first.trainer);
  o.seed = 2;
  Subject second(o);
  second.run_until(1);
  CHECK_THROWS_AS(checkpoints.save(second.trainer), Error);
  second.run_until(7);  // later than the first run's
  CHECK_THROWS_AS(checkpoints.save(second.trainer), Error);
  CHECK(checkpoints.files().size() == 1);
  // Nor does one with the same options, begun anew, give the first one's up.
  Subject again;
  again.run_until(3);
  CHECK_THROWS_AS(checkpoints.save(again.trainer), Error);
  CHECK(checkpoints.files().size() == 1);
  // One that thaws a part on its way is still the same.
  nn::freeze(first.net, "0");
  first.run_until(5);
  checkpoints.save(first.trainer);
  CHECK(checkpoints.files().size() == 2);
}

TEST_CASE("another run's checkpoints are not written over", "[checkpoint]") {
  const TemporaryFolder folder;
  Fake run{7, 0};
  io::CheckpointFolder(folder.path.string()).save(run);
  Fake another{3, 0};
  io::CheckpointFolder begun(folder.path.string());
  CHECK_THROWS_AS(begun.save(another), Error);
  CHECK(begun.files().size() == 1);
  CHECK(begun.resume(another) == 7);
  another.now = 8;
  begun.save(another);
  CHECK(begun.files().size() == 2);
}

TEST_CASE("the last three and the best are kept, and what was given up is not", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder / "run");
  Fake begun{0, 0};
  CHECK_FALSE(checkpoints.resume(begun));
  CHECK_FALSE(std::filesystem::exists(folder / "run"));

  const auto steps = [&] {
    std::vector<std::string> expected;
    for (const auto& path : checkpoints.files()) {
      expected.push_back(std::filesystem::path(path).stem().string().substr(11));
    }
    return expected;
  };
  for (std::int64_t step = 1; step <= 7; ++step) {
    Fake run{step, step >= 2 ? 2 : 0};
    checkpoints.save(run);
  }
  CHECK(steps() == std::vector<std::string>{"02", "05", "06", "07"});
  Fake back{3, 2};
  CHECK_THROWS_AS(checkpoints.save(back), Error);  // of another run, for all that anybody knows
  CHECK(steps() == std::vector<std::string>{"02", "05", "06", "07"});
  checkpoints.load(back, 2);
  back.now = 3;
  const std::string leftover = folder / "run/step-00000005.safetensors.effv2-0.part";
  write_file(leftover, std::vector<std::uint8_t>(3));
  write_file(folder / "run/notes.txt", std::vector<std::uint8_t>(3));
  checkpoints.save(back);
  CHECK(steps() == std::vector<std::string>{"02", "03"});
  CHECK_FALSE(file_exists(leftover));
  CHECK(file_exists(folder / "run/notes.txt"));
}

TEST_CASE("a best step that was not saved does not cost the best of those that were",
          "[checkpoint]") {
  const TemporaryFolder folder;
  const std::string place = folder / "a/new/folder";
  io::CheckpointFolder checkpoints(place, 1);
  for (const auto& [step, best] : {std::pair{1, 0}, {2, 2}, {3, 2}, {5, 4}, {6, 4}}) {
    Fake run{step, best};
    checkpoints.save(run);
  }
  CHECK(checkpoints.files() ==
        std::vector<std::string>{checkpoints.path_of(2), checkpoints.path_of(6)});
  Fake run{7, 7};
  checkpoints.save(run);
  CHECK(checkpoints.files() == std::vector<std::string>{checkpoints.path_of(7)});
}

TEST_CASE("a damaged checkpoint is passed over with a warning", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder.path.string());
  Subject first;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    checkpoints.save(first.trainer);
    return r.step < 4;
  };
  first.trainer.run(callbacks);
  std::vector<std::string> warnings;
  const auto warn = [&](const Error& error) { warnings.emplace_back(error.what()); };

  damage(checkpoints.path_of(4));
  Subject second;
  CHECK(checkpoints.resume(second.trainer, warn) == 3);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("step-00000004") != std::string::npos);

  std::filesystem::resize_file(checkpoints.path_of(3), 100);
  damage(checkpoints.path_of(2));
  Subject third;
  const std::vector<double> before = third.values();
  CHECK_THROWS_AS(checkpoints.resume(third.trainer, warn), Error);
  CHECK(third.values() == before);
}

TEST_CASE("a checkpoint of another run is refused and changes nothing", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder.path.string());
  Subject first;
  first.run_until(2);
  checkpoints.save(first.trainer);
  const auto refuses = [&](Subject& subject, ErrorCode code, const std::string& text) {
    const std::vector<double> before = subject.values();
    try {
      checkpoints.resume(subject.trainer);
      FAIL("nothing was thrown");
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK(std::string(error.what()).find(text) != std::string::npos);
    }
    CHECK(subject.values() == before);
  };
  train::FitOptions o = options();
  o.learning_rate = 5.000001e-3;
  Subject faster(o);
  refuses(faster, ErrorCode::invalid_argument, "this run has: learning_rate 0.005000001");
  o = options();
  o.configuration = "colour blue";
  Subject blue(o);
  refuses(blue, ErrorCode::invalid_argument, "this run has: colour blue");
  Subject darker;
  darker.training.images[0] ^= 1;
  refuses(darker, ErrorCode::invalid_argument, "this run has: training (90, 8, 8, 1)");
  Subject frozen;
  nn::freeze(frozen.net, "3");
  refuses(frozen, ErrorCode::invalid_argument, "this run has: frozen 3.weight");
  Subject still;
  nn::freeze(still.net, "0.bn.running_mean");
  refuses(still, ErrorCode::invalid_argument, "this run has: frozen 0.bn.running_mean");
  Subject stepping;  // with weights of the same shapes
  stepping.net[0] = nn::conv_bn_act<float>(1, 8, 3, 2, {}, nn::ActivationKind::relu);
  nn::initialize(stepping.net, 1);
  refuses(stepping, ErrorCode::invalid_argument, "this run has: layer 0.bn relu");
  Subject wider(options(), 12);
  refuses(wider, ErrorCode::invalid_argument, "this run has: layer 0.conv conv2d (1, 4, 4, 12)");
}

TEST_CASE("every prefix and every change of a byte of a checkpoint is an error", "[checkpoint]") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  CheckpointRun run;
  io::save_checkpoint(path, run);
  const std::vector<std::uint8_t> whole = read_file(path);
  // The header tells what is inside, so a program can read it without loading it.
  CHECK(io::SafetensorsFile::read(path).metadata().at("effv2.configuration") == "a 1\nb 2");

  const auto refused = [&](const std::vector<std::uint8_t>& bytes) {
    MemorySource source(bytes, "changed");
    CheckpointRun target;
    target.weights.fill(0.0F), target.count = 0;
    try {
      io::load_checkpoint(io::SafetensorsFile::read(source), target);
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::format && target.weights[0] == 0.0F && target.count == 0;
    }
  };
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    REQUIRE(refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      CAPTURE(at, change);
      std::vector<std::uint8_t> changed = whole;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ change);
      REQUIRE(refused(changed));
    }
  }
}

TEST_CASE("a run that thaws on its way is resumed as it was", "[checkpoint]") {
  const TemporaryFolder folder;
  const auto train = [](Subject& subject, io::CheckpointFolder& checkpoints, std::int64_t last) {
    nn::freeze(subject.net, "0");
    checkpoints.resume(subject.trainer);
    train::Callbacks callbacks;
    callbacks.on_epoch = [&](const train::EpochReport& report) {
      if (report.epoch == 0) nn::freeze(subject.net, "0", false);
      checkpoints.save(subject.trainer);
    };
    callbacks.on_step = [&](const train::StepReport& report) { return report.step < last; };
    subject.trainer.run(callbacks);
    return subject.values();
  };
  Subject whole;
  io::CheckpointFolder of_whole(folder / "whole");
  const auto expected = train(whole, of_whole, 1000);
  const std::int64_t epoch = whole.trainer.epoch_steps();
  {
    Subject cut;
    io::CheckpointFolder checkpoints(folder / "cut");
    train(cut, checkpoints, epoch + 2);
  }
  Subject resumed;
  io::CheckpointFolder checkpoints(folder / "cut");
  CHECK(train(resumed, checkpoints, 1000) == expected);
  bool is_frozen = false;
  nn::for_each_parameter(resumed.net, [&](auto&, auto& p) { is_frozen = is_frozen || p.frozen; });
  CHECK_FALSE(is_frozen);
}

TEST_CASE("a checkpoint under a name of fewer digits is one as well", "[checkpoint]") {
  const TemporaryFolder folder;
  Subject subject;
  io::save_checkpoint(folder / "step-5.safetensors", subject.trainer);
  io::CheckpointFolder checkpoints(folder.path.string());
  CHECK(checkpoints.resume(subject.trainer) == 5);
}

TEST_CASE("a state of another shape is refused, and changes nothing", "[checkpoint]") {
  const TemporaryFolder folder;
  CheckpointRun run, wider;
  io::save_checkpoint(folder / "file", run);
  wider.weights = Tensor<float>::filled({2, 4}, 1.0F), wider.count = 9;
  try {
    io::load_checkpoint(folder / "file", wider);
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::shape_mismatch);
    CHECK(std::string(error.what()).find("weights, (2, 3) and not (2, 4)") != std::string::npos);
  }
  CHECK(wider.count == 9);
}

TEST_CASE("what is frozen after resume() does not part a run from its next process",
          "[checkpoint]") {
  const TemporaryFolder folder;
  for (const std::int64_t end : {3, 100}) {
    Subject subject;
    io::CheckpointFolder checkpoints(folder / "run");
    CHECK(checkpoints.resume(subject.trainer).has_value() == (end == 100));
    nn::freeze(subject.net, "0");
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& r) {
      checkpoints.save(subject.trainer);
      return r.step < end;
    };
    CHECK(subject.trainer.run(callbacks).stopped == (end == 3));
  }
}

TEST_CASE("a run that the next process could not resume is not saved", "[checkpoint]") {
  const TemporaryFolder folder;
  Subject subject;
  io::CheckpointFolder checkpoints(folder / "run");
  CHECK_FALSE(checkpoints.resume(subject.trainer));
  subject.trainer.optimizer().group("3", 10.0, 0.0);
  try {
    checkpoints.save(subject.trainer);
    FAIL_CHECK("saved");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(std::string(error.what()).find("it has now: group 3.weight") != std::string::npos);
  }
  CHECK(checkpoints.files().empty());
}

}  // namespace effv2::checkpoint_test
