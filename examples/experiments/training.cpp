// A training run of this library, start to end. Like search.cpp it is optimised, and the other
// sources are not: what these two take from the library's headers must not be slower than what the
// library has compiled.
#include <algorithm>
#include <chrono>
#include <effv2/effv2.hpp>
#include <map>
#include <numeric>

#include "experiment.hpp"
#include "statistics.hpp"

using namespace effv2;

namespace experiments {

namespace {

using Net = models::EfficientNet<float>;

Net initialized(const Configuration& configuration) {
  return models::efficientnet<float>(configuration.net, configuration.network,
                                     configuration.fit.seed);
}

// Asked of the test pictures once, at one size; its values are named with `ending`.
void test(Values& values, const Configuration& configuration, const Net& net,
          const data::Dataset& pictures, PictureSize size, const std::string& ending) {
  data::LoaderOptions options = configuration.fit.data;
  options.batch_size = configuration.fit.evaluation_batch;
  options.image_size = size;
  nn::Context<float> context(configuration.fit.threads);
  const auto begin = std::chrono::steady_clock::now();
  const train::Evaluation evaluation = train::evaluate(net, pictures, options, context);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  values["accuracy" + ending] = evaluation.accuracy();
  values["loss" + ending] = evaluation.loss;
  values["inference_us" + ending] = 1e6 * time.count() / static_cast<double>(pictures.size());
}

}  // namespace

std::optional<Values> train_and_watch(const Configuration& configuration, const DataSet& data,
                                      const Session& session, std::int64_t test_every,
                                      const OnTest& on_test) {
  Net net = initialized(configuration);
  Values values;
  Numbers steps;
  double seconds = 0.0;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& report) {
    steps.push_back(report.seconds - seconds);
    seconds = report.seconds;
    if (test_every > 0 && report.step % test_every == 0 && report.step < report.total_steps) {
      Values found;
      test(found, configuration, net, data.test, configuration.fit.data.image_size, "");
      on_test(seconds, found["accuracy"]);
    }
    return !session.stop();
  };
  callbacks.on_epoch = [&](const train::EpochReport& report) {
    values["training_loss"] = report.loss;
  };
  const data::Dataset nothing;  // the test pictures wait until there is a net to be tested
  const train::FitResult result =
      train::fit(net, data.training, nothing, configuration.fit, callbacks);
  if (result.stopped) return {};
  values["steps"] = static_cast<double>(result.steps);
  values["seconds"] = seconds;
  values["step_ms"] = 1e3 * median(steps);

  const PictureSize asked = configuration.fit.data.image_size;
  const auto [height, width] = asked.value_or(data.test.picture_size());
  const nn::Summary summary = nn::summary(net, {1, height, width, data.test.channels()});
  values["parameters"] = static_cast<double>(summary.parameters);
  values["multiply_adds"] = static_cast<double>(summary.multiply_adds);
  if (configuration.sizes.empty()) test(values, configuration, net, data.test, asked, "");
  for (const int other : configuration.sizes) {
    test(values, configuration, net, data.test, other, concat("_", other));
  }
  if (on_test) on_test(seconds, values["accuracy"]);
  return values;
}

std::optional<Values> train_and_test(const Configuration& configuration, const DataSet& data,
                                     const Session& session) {
  return train_and_watch(configuration, data, session, 0, {});
}

double estimated_seconds(const Configuration& configuration, const DataSet& data) {
  Net net = initialized(configuration);
  const data::Dataset nothing;
  train::FitOptions few = configuration.fit;
  const std::size_t stages = std::max<std::size_t>(1, few.stages.size());
  few.steps = static_cast<std::int64_t>(stages) * (stages > 1 ? 5 : 10);
  std::map<std::int64_t, Numbers> steps;  // by the size of their pictures
  double before = 0.0;
  train::Callbacks callbacks;
  callbacks.on_step = [&](const train::StepReport& report) {
    steps[report.image_size].push_back(report.seconds - before);
    before = report.seconds;
    return true;
  };
  train::fit(net, data.training, nothing, few, callbacks);
  double step = 0.0;  // the stages' mean
  for (const auto& [size, times] : steps) step += median(times) / static_cast<double>(steps.size());
  const std::int64_t batch = configuration.fit.batch_size;
  const std::int64_t count = configuration.fit.epochs * (data.training.size() / batch);
  // A picture's forward pass is about a third of its training.
  const double batches = static_cast<double>(data.test.size()) / static_cast<double>(3 * batch);
  const auto tests = static_cast<double>(std::max<std::size_t>(1, configuration.sizes.size()));
  return step * (static_cast<double>(count) + tests * batches);
}

std::string text_of(const Configuration& configuration, const DataSet& data) {
  Net net = initialized(configuration);
  std::string text = concat("method ", configuration.method.name, "\nsizes");
  for (const int size : configuration.sizes) text += concat(" ", size);
  train::FitOptions fit = configuration.fit;
  if (configuration.candidates > 0) text += concat("\ncandidates ", configuration.candidates);
  fit.configuration = text;
  return train::Trainer<Net>(net, data.training, data.test, fit).configuration();
}

}  // namespace experiments
