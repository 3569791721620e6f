#include <effv2/models/tables.hpp>
#include <effv2/search/step_time.hpp>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::step_time_test {

namespace {

const models::ModelSpec& tiny() { return models::find_model("tiny"); }
const models::EfficientNetOptions network{.in_channels = 1, .classes = 4};

train::FitOptions options() {
  train::FitOptions fit;
  fit.batch_size = 16, fit.threads = 1, fit.data.image_size = 16;
  return fit;
}

}  // namespace

TEST_CASE("a step is measured beside a reference's, and near what is predicted", "[step_time]") {
  // Epochs of three steps: rounds go across their ends.
  const data::Dataset training = testing::quarters(50, 600);
  const auto large = search::Candidate::parse("F2k5e6-F3k5e6-F3k5e6-F4k5e6").to_spec(tiny());
  search::StepClock<float> reference(tiny(), network, training, options()),
      same(tiny(), network, training, options()), slow(large, network, training, options());
  CHECK(reference.seconds(7) > 0.0);
  // Loose: what else the machine does is not known. (Some 1.0 and 4.5 where nothing does.)
  const double one = search::relative_step_time(same, reference);
  CHECK(one > 0.3);
  CHECK(one < 3.0);
  const double several = search::relative_step_time(slow, reference);
  CHECK(several > 1.5);

  auto layers = search::layers_of(tiny(), network, 16);
  const auto more = search::layers_of(large, network, 16);
  layers.insert(layers.end(), more.begin(), more.end());
  const search::StepTimePrediction predicted(
      search::measure_layers<float>(layers, network, options(), {.rounds = 2, .steps = 3}), tiny(),
      network, 16);
  CHECK(predicted(large) > several / 3.0);
  CHECK(predicted(large) < several * 3.0);
}

TEST_CASE("there is something to measure", "[step_time]") {
  const data::Dataset training = testing::quarters(20, 600);
  search::StepClock<float> clock(tiny(), network, training, options());
  CHECK_THROWS_AS(search::relative_step_time(clock, clock, {.rounds = 0}), Error);
  CHECK_THROWS_AS(search::relative_step_time(clock, clock, {.steps = 0}), Error);
}

}  // namespace effv2::step_time_test
