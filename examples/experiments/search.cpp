// The nets that random search and evolution find, beside `tiny` and one made by hand.
#include <effv2/effv2.hpp>
#include <effv2/search/layer_times.hpp>
#include <effv2/search/proxy.hpp>
#include <effv2/search/search.hpp>
#include <filesystem>
#include <span>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;
using search::SearcherKind;

const models::ModelSpec& backbone = models::tables::tiny;
constexpr const char* by_hand = "F1k3e1-F1k3e4-M2k3e4-M2k3e4";  // a layer less in two stages

// How candidates are trained: on a third of the pictures, smaller than they are, and not to the
// end. Another third compares them.
std::int64_t third_of(const DataSet& data) { return data.training.size() / 3; }

train::FitOptions proxy_fit(train::FitOptions fit) {
  fit.epochs = 3, fit.batch_size = 64;
  fit.ema_decay = 0.0;
  fit.data.image_size = 20;
  return fit;
}

double parameters_of(const models::ModelSpec& net, const models::EfficientNetOptions& options) {
  return static_cast<double>(nn::parameter_count(models::EfficientNet<float>(net, options)));
}

// Trained in full: what the net is worth with the test pictures. Its step is timed beside the
// backbone's.
std::optional<Values> train_and_reward(const Configuration& configuration, const DataSet& data,
                                       const Session& session) {
  std::optional<Values> values = train_and_test(configuration, data, session);
  if (!values) return {};
  const auto clock = [&](const models::ModelSpec& net) {
    return search::StepClock<float>(net, configuration.network, data.training, configuration.fit);
  };
  auto own = clock(configuration.net), reference = clock(backbone);
  const double step_time = search::relative_step_time(own, reference);
  const double parameters =
      values->at("parameters") / parameters_of(backbone, configuration.network);
  (*values)["step_time"] = step_time;
  (*values)["reward"] = search::reward(values->at("accuracy"), step_time, parameters);
  return values;
}

// All searches predict step times by the same layers, which the first of them has measured.
search::LayerTimes layer_times(const std::filesystem::path& folder, const search::Space& space,
                               const Configuration& configuration) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    search::LayerTimes times = search::read_journal(entry.path().string()).layer_times;
    if (!times.empty()) return times;
  }
  const train::FitOptions fit = proxy_fit(configuration.fit);
  return search::measure_layers<float>(layers_of(space, configuration.network, fit.data.image_size),
                                       configuration.network, fit);
}

// A search, whose journal stays in the session's folder; then the winner, trained in full.
template <SearcherKind Kind>
std::optional<Values> search_and_train(const Configuration& configuration, const DataSet& data,
                                       const Session& session) {
  const train::FitOptions& fit = configuration.fit;
  const search::ProxyData pictures =
      search::proxy_data(data.training, third_of(data), third_of(data), fit.seed);
  // The reward takes predicted step times: the measured one is for the journal's reader.
  search::Proxy<float> proxy(
      pictures, backbone,
      {.network = configuration.network, .fit = proxy_fit(fit), .timing = {.rounds = 1}});
  const search::Space space(backbone);
  const search::SearchOptions options{.searcher = Kind,
                                      .candidates = configuration.candidates,
                                      .seed = fit.seed,
                                      .reference_parameters = proxy.sizes(backbone).parameters};
  const std::filesystem::path folder = std::filesystem::path(session.folder) / "search";
  std::filesystem::create_directories(folder);
  search::Journal journal(
      (folder / concat(data.name, "-", name_of(Kind), "-", fit.seed, ".jsonl")).string(),
      configuration_text(space, options) + '\n' + proxy.configuration(),
      [&] { return layer_times(folder, space, configuration); });
  const search::StepTimePrediction predicted(journal.layer_times(), backbone, configuration.network,
                                             proxy.image_size());
  run_search(journal, space, options, predicted, [&](const search::Candidate& candidate) {
    return proxy(candidate.to_spec(backbone), session.stop);
  });
  if (session.stop()) return {};

  const std::span<const search::Record> records = journal.records();
  const search::Record& winner = winner_of(records);
  Configuration found = configuration;
  found.net = winner.candidate.to_spec(backbone);
  std::optional<Values> values = train_and_reward(found, data, session);
  if (!values) return {};
  (*values)["found_after_quarter"] = winner_of(records.first((records.size() + 3) / 4)).reward;
  (*values)["found"] = winner.reward;
  (*values)["search_seconds"] = 0.0;
  for (const auto& record : records) (*values)["search_seconds"] += record.seconds;
  return values;
}

double estimated_search(const Configuration& configuration, const DataSet& data) {
  Configuration candidate = configuration;
  candidate.fit = proxy_fit(configuration.fit);
  const double whole = estimated_seconds(candidate, data);  // with all pictures
  return estimated_seconds(configuration, data) +
         static_cast<double>(configuration.candidates) * whole / 3.0;
}

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  const auto with = [&](const char* name, const models::ModelSpec& net, const Method& method) {
    Configuration c = plain(name, net, size, data);
    c.fit.data.augmentation.shift = 2.0;
    c.method = method;
    return c;
  };
  const auto searched = [&](const char* name, const Method& method) {
    Configuration c = with(name, backbone, method);
    c.candidates = size.candidates;
    return c;
  };
  const Method method{train_and_reward, estimated_seconds, "effv2, with a reward"};
  return {with("tiny", backbone, method),
          with("by hand", search::Candidate::parse(by_hand).to_spec(backbone), method),
          searched("random search",
                   {search_and_train<SearcherKind::random>, estimated_search, "random search"}),
          searched("evolution",
                   {search_and_train<SearcherKind::evolution>, estimated_search, "evolution"})};
}

Claim greater(const std::string& text, const std::string& key, const std::string& a,
              const std::string& b) {
  return {.text = text, .terms = {{a, 1.0, key}, {b, -1.0, key}}};
}

}  // namespace

Experiment searching() {
  return {
      .name = "search",
      .title = "Architecture search, random and by evolution",
      .paper =
          "a search over kinds of blocks, layers, kernels and expansions of the stages, with a "
          "reward of accuracy x step time^-0.07 x parameters^-0.05, finds nets that train faster "
          "and are smaller than those made before; random search will do as well as reinforcement "
          "learning, the space being small (section 3.2).",
      .here = concat(
          "the stages of `tiny`, with a layer more or less each. A candidate is trained on a "
          "third of the pictures, at 20 pixels, for 3 epochs, and compared by another third; its "
          "step time is predicted from its layers'. Evolution has a population of 20. Each seed "
          "is a search of its own; its journal is in `search/`. The winner, by that short "
          "training, is then trained in full, as are `tiny` and `",
          by_hand,
          "`, and those get a reward from the test pictures and a measured step. Step times and "
          "parameters are multiples of `tiny`'s. In full:"),
      .size = {.epochs = 20, .images = 6000, .seeds = 3, .candidates = 100},
      .baseline = "tiny",
      .columns = {{"reward in full", "reward", Show::reward, true},
                  {"accuracy, %", "accuracy", Show::accuracy},
                  {"step time", "step_time"},
                  {"parameters", "parameters", Show::count},
                  {"multiply-adds", "multiply_adds", Show::count},
                  {"best of a quarter of the search", "found_after_quarter", Show::reward},
                  {"best of the search", "found", Show::reward},
                  {"search, s", "search_seconds"}},
      .claims = {greater("evolution finds more than random search", "found", "evolution",
                         "random search"),
                 greater("evolution's winner is worth more than `tiny`", "reward", "evolution",
                         "tiny"),
                 greater("... and than the net made by hand", "reward", "evolution", "by hand"),
                 greater("random search's winner is worth more than `tiny`", "reward",
                         "random search", "tiny"),
                 greater("... and than the net made by hand", "reward", "random search",
                         "by hand")},
      .configurations = configurations};
}

}  // namespace experiments
