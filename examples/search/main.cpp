// Searches for a network: training-aware architecture search, as EfficientNetV2's paper has it.
//
//   search --out DIR                        100 candidates around the network "tiny", by evolution
//   search --out DIR --candidates 200       goes on with the same search
//   search --out DIR --searcher random --data /usr/share/datasets/fashion-mnist
//
// Each candidate is trained for a short while on some of the training images and compared by
// others; the test set is not even opened. DIR/journal.jsonl has all that was found out, a line
// each: a search that was cut, by Ctrl-C or worse, goes on from there. DIR/winner.hpp is the best,
// as source.
//
// The reward, accuracy x step time^-0.07 x parameters^-0.05, was made for ImageNet. On MNIST, where
// nearly everything reaches 98 %, it favours tiny networks: from 98 to 99.5 % pays for 1.24 times
// the step time, no more. Fashion-MNIST leaves more to choose.

#include <cstdio>
#include <cstdlib>
#include <effv2/core/atomic_file.hpp>
#include <effv2/core/processor.hpp>
#include <effv2/data/gzip.hpp>
#include <effv2/effv2.hpp>
#include <effv2/search/layer_times.hpp>
#include <effv2/search/proxy.hpp>
#include <effv2/search/search.hpp>
#include <effv2/search/source.hpp>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>

#include "../mnist_data.hpp"
#include "../stop_signal.hpp"
#include "options.hpp"
#include "report.hpp"

using namespace effv2;

namespace {

search::ProxyOptions proxy_options(const Options& o, const data::Dataset& set) {
  search::ProxyOptions proxy;
  proxy.network = {.in_channels = set.channels(),
                   .classes = set.classes,
                   .stem_stride = o.stem_stride,
                   .drop_path = o.drop_path};
  proxy.fit.epochs = o.epochs, proxy.fit.batch_size = o.batch;
  proxy.fit.learning_rate = o.learning_rate, proxy.fit.warmup_epochs = 0.5;
  data::ChannelStatistics statistics = data::channel_statistics(set.images);
  proxy.fit.data.image_size = o.size;
  proxy.fit.data.mean = std::move(statistics.mean);
  proxy.fit.data.deviation = std::move(statistics.deviation);
  proxy.fit.threads = static_cast<int>(o.threads);
  proxy.fit.seed = static_cast<std::uint64_t>(o.seed);
  return proxy;
}

// The times of layers: measured, or those that another search has measured.
search::LayerTimes layer_times(const Options& o, const search::Space& space,
                               const search::ProxyOptions& proxy) {
  const auto layers = search::layers_of(space, proxy.network, o.size);
  if (!o.step_times.empty()) {
    const search::LayerTimes times = search::read_journal(o.step_times).layer_times;
    search::step_seconds(times, layers);  // throws for a layer that is not among them
    return times;
  }
  std::printf("measuring %zu layers\n", layers.size());
  std::fflush(stdout);
  return search::measure_layers<float>(layers, proxy.network, proxy.fit);
}

void write_winner(const Options& o, const search::Space& space,
                  const std::vector<search::Record>& records) {
  const search::Record& winner = search::winner_of(records);
  const std::string key = winner.candidate.key(), path = o.out + "/winner.hpp";
  write_file(path, search::to_header(winner.candidate.to_spec(space.backbone()), "winner",
                                     concat(key, ", the best of ", records.size())));
  std::printf("\nwinner: %s, reward %.4f; as source in %s\n", key.c_str(), winner.reward,
              path.c_str());
}

int run(const Options& o) {
  const models::ModelSpec& backbone = models::find_model(o.backbone);
  const auto seed = static_cast<std::uint64_t>(o.seed);
  const search::ProxyData data = search::proxy_data(
      data::load_mnist(find_mnist(o.data).directory, data::Split::train, data::open_gzip), o.images,
      o.validation, seed);
  const search::ProxyOptions options = proxy_options(o, data.training);
  const auto layers = static_cast<int>(o.layers);
  const search::Space space(backbone, {.layers = search::layers_around(backbone, layers, layers)});
  search::Proxy<float> proxy(data, backbone, options);
  const search::SearchOptions how{.searcher = o.searcher == "random"
                                                  ? search::SearcherKind::random
                                                  : search::SearcherKind::evolution,
                                  .candidates = o.candidates,
                                  .seed = seed,
                                  .population = o.population,
                                  .tournament = o.tournament,
                                  .reference_parameters = proxy.sizes(backbone).parameters};
  std::printf(
      "%lld candidates of %lld around %s (%lld parameters), by %s search\n"
      "each: %lld images of %lld px, %lld epochs; compared by %lld others\n",
      static_cast<long long>(o.candidates), static_cast<long long>(space.size()),
      o.backbone.c_str(), static_cast<long long>(how.reference_parameters), o.searcher.c_str(),
      static_cast<long long>(data.training.size()), static_cast<long long>(o.size),
      static_cast<long long>(o.epochs), static_cast<long long>(data.validation.size()));

  watch_stop_signals();
  std::filesystem::create_directories(o.out);
  search::Journal journal(o.out + "/journal.jsonl",
                          search::configuration_text(space, how) + '\n' + proxy.configuration(),
                          [&] { return layer_times(o, space, options); });
  EFFV2_CHECK(o.step_times.empty() ||
                  journal.layer_times() == search::read_journal(o.step_times).layer_times,
              ErrorCode::invalid_argument, journal.path(), " has other layers' times than ",
              o.step_times);
  if (const std::size_t done = journal.records().size(); done > 0) {
    std::printf("going on after %zu candidates\n", done);
  }
  const search::StepTimePrediction predicted(journal.layer_times(), backbone, options.network,
                                             o.size);
  search::run_search(
      journal, space, how, predicted,
      [&](const search::Candidate& candidate) {
        return proxy(candidate.to_spec(backbone), [] { return stop_signal != 0; });
      },
      [&](const search::Record& record) { print_progress(record, o.candidates); });

  if (!journal.records().empty()) {
    print_results(journal.records(), o.show);
    write_winner(o, space, journal.records());
  }
  if (stop_signal == 0) return 0;
  std::printf("stopped after %zu candidates; the same command goes on from there\n",
              journal.records().size());
  return killed_by_signal + stop_signal;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    require_processor();
    Options options;
    return parse_command_line(argc, argv, options) ? run(options) : 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "search: %s (see --help)\n", error.text.c_str());
  } catch (const Error& error) {
    std::fprintf(stderr, "search: %s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "search: %s\n", error.what());
    return 1;
  }
  return usage_error;
}
