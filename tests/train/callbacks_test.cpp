#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/callbacks.hpp>
#include <effv2/train/trainer.hpp>
#include <string>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::callbacks_test {

namespace {

// Trains for two epochs of three steps.
train::FitResult run(const train::Callbacks& callbacks) {
  const data::Dataset training = testing::quarters(24, 600), test = testing::quarters(8, 601);
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(64, 4));
  nn::initialize(net, 1);
  train::FitOptions options;
  options.epochs = 2, options.batch_size = 8, options.threads = 1;
  return train::fit(net, training, test, options, callbacks);
}

}  // namespace

TEST_CASE("an epoch is reported after its steps", "[callbacks]") {
  std::string told;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    told += concat("s", r.step, ' ');
    return true;
  };
  callbacks.on_epoch = [&](const train::EpochReport& r) { told += concat("e", r.epoch, ' '); };
  const train::FitResult result = run(callbacks);
  CHECK(told == "s1 s2 s3 e0 s4 s5 s6 e1 ");
  CHECK(result.steps == 6);
  CHECK_FALSE(result.stopped);
}

TEST_CASE("false ends the training after that step, and the epoch is not reported", "[callbacks]") {
  std::string told;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& r) {
    told += concat("s", r.step, ' ');
    return r.step < 5;
  };
  callbacks.on_epoch = [&](const train::EpochReport& r) { told += concat("e", r.epoch, ' '); };
  const train::FitResult result = run(callbacks);
  CHECK(told == "s1 s2 s3 e0 s4 s5 ");
  CHECK(result.stopped);
  CHECK(result.evaluation.confusion.total() == 8);
}

TEST_CASE("nobody has to listen", "[callbacks]") { CHECK(run({}).steps == 6); }

}  // namespace effv2::callbacks_test
