#include <effv2/io/checkpoint.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/trainer.hpp>
#include <filesystem>

#include "../catch.hpp"
#include "../support/quarters.hpp"
#include "../support/temporary_folder.hpp"

using namespace effv2;
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

// Runs of next to nothing.
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
struct Small {
  Tensor<float> weights = Tensor<float>::filled({3}, 2.5F);
  std::int64_t count = 7;
  double rate = 0.5;
  std::int64_t step() const { return count; }
  std::int64_t best_step() const { return 0; }
  std::string configuration() const { return "a 1\nb 2"; }
  template <class F>
  void visit_state(F&& f) {
    f("weights", weights), f("count", count), f("rate", rate);
  }
};

void damage(const std::string& path) {
  const auto source = open_file(path);
  std::vector<std::uint8_t> bytes(source->bytes_at_most());
  source->read(bytes);
  bytes[bytes.size() / 2] ^= 1;
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("a run cut at any step and resumed ends in the same bytes", "[checkpoint]") {
  const TemporaryFolder folder;
  using train::OptimizerKind;
  for (const auto kind : {OptimizerKind::adamw, OptimizerKind::rmsprop, OptimizerKind::sgd}) {
    train::FitOptions o = options();
    o.optimizer = kind;
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

TEST_CASE("the last three and the best are kept, and what was given up is not", "[checkpoint]") {
  const TemporaryFolder folder;
  io::CheckpointFolder checkpoints(folder / "run");
  Subject subject;
  CHECK_FALSE(checkpoints.resume(subject.trainer));
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
  write_file(folder / "run/step-00000005.safetensors.part", std::vector<std::uint8_t>(3));
  write_file(folder / "run/notes.txt", std::vector<std::uint8_t>(3));
  checkpoints.save(back);
  CHECK(steps() == std::vector<std::string>{"02", "03"});
  CHECK_FALSE(file_exists(folder / "run/step-00000005.safetensors.part"));
  CHECK(file_exists(folder / "run/notes.txt"));
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
  Subject wider(options(), 12);
  refuses(wider, ErrorCode::shape_mismatch, "model.0.conv.weight");
}

TEST_CASE("every prefix and every change of a byte of a checkpoint is an error", "[checkpoint]") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  Small run;
  io::save_checkpoint(path, run);
  const auto source = open_file(path);
  std::vector<std::uint8_t> whole(source->bytes_at_most());
  source->read(whole);
  // The header tells what is inside, so a program can read it without loading it.
  CHECK(io::SafetensorsFile::read(path).metadata().at("effv2.configuration") == "a 1\nb 2");

  const auto refused = [&](const std::vector<std::uint8_t>& bytes) {
    {
      std::FILE* file = std::fopen(path.c_str(), "wb");
      std::fwrite(bytes.data(), 1, bytes.size(), file);
      std::fclose(file);
    }
    Small target;
    target.weights.fill(0.0F), target.count = 0;
    try {
      io::load_checkpoint(path, target);
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
    for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      CAPTURE(at, change);
      std::vector<std::uint8_t> changed = whole;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ change);
      REQUIRE(refused(changed));
    }
  }
}
