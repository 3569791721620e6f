#include "experiment.hpp"

namespace experiments {

Configuration plain(std::string name, const effv2::models::ModelSpec& net, const Size& size,
                    const DataSet& data) {
  Configuration configuration{std::move(name), net};
  configuration.network = {.in_channels = data.training.channels(),
                           .classes = data.training.classes,
                           .dropout = 0.1,
                           .classifier_scale = 0.1,
                           .drop_path = 0.1};
  configuration.network.defaults.branch_gamma = 0.0;  // residual branches begin as nothing
  effv2::train::FitOptions& fit = configuration.fit;
  fit.epochs = size.epochs;
  fit.learning_rate = 3e-3, fit.warmup_epochs = 0.5;
  fit.ema_decay = 0.99;
  fit.data.mean = {data.mean}, fit.data.deviation = {data.deviation};
  fit.evaluate_each_epoch = false;
  return configuration;
}

Claim more_accurate(const std::string& text, const std::string& a, const std::string& b) {
  return {.text = text, .terms = {{a, 1.0}, {b, -1.0}}};
}

Claim as_accurate(const std::string& text, const std::string& a, const std::string& b) {
  return {.text = text, .terms = {{a, 1.0}, {b, -1.0}}, .margin = accuracy_margin};
}

Claim smaller(const std::string& text, const std::string& key, const std::string& a,
              const std::string& b) {
  return {text, Claim::Kind::ratio, {{a, 1.0, key}, {b, 1.0, key}}};
}

std::vector<Experiment> all_experiments() {
  return {progressive(), regularization(), fused(),  generations(),
          fixres(),      searching(),      pytorch()};
}

}  // namespace experiments
