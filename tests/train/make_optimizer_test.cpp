#include <effv2/nn/linear.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/optim/muon.hpp>
#include <effv2/optim/rmsprop.hpp>
#include <effv2/optim/sgd.hpp>
#include <effv2/train/make_optimizer.hpp>

#include "../catch.hpp"

namespace effv2::make_optimizer_test {

TEST_CASE("an optimizer is of the kind and has the decay and the clipping that options say",
          "[make_optimizer]") {
  nn::Linear<float> linear(3, 2);
  nn::initialize(linear, 1);
  using enum train::OptimizerKind;
  for (const train::OptimizerKind kind : {sgd, rmsprop, adamw, muon}) {
    const auto optimizer = train::make_optimizer<float>(
        linear, {.optimizer = kind, .weight_decay = 0.25, .clip_norm = 3.0});
    CHECK(optimizer->clip_norm == 3.0);
    CHECK(optimizer->slots()[0].weight_decay == 0.25);
    CHECK((dynamic_cast<optim::Sgd<float>*>(optimizer.get()) != nullptr) == (kind == sgd));
    CHECK((dynamic_cast<optim::Rmsprop<float>*>(optimizer.get()) != nullptr) == (kind == rmsprop));
    CHECK((dynamic_cast<optim::Muon<float>*>(optimizer.get()) != nullptr) == (kind == muon));
    CHECK((dynamic_cast<optim::AdamW<float>*>(optimizer.get()) != nullptr) ==
          (kind == adamw || kind == muon));  // for what is no matrix
  }
}

}  // namespace effv2::make_optimizer_test
