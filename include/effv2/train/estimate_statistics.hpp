// Batch norm's statistics of the weights as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../data/dataset.hpp"
#include "../data/loader.hpp"
#include "../nn/context.hpp"
#include "../nn/state_snapshot.hpp"
#include "fit_options.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Makes all running statistics the means over the first `batches` batches (or all there are) that
/// `options` yield, whatever they were before, with nothing dropped: as in evaluation. Weights stay
/// as they are. `saved` is used as a tape. Throws Error(invalid_argument) if there is no batch. If
/// what a batch norm sees of one is not finite, throws Error(non_finite), or leaves that batch out,
/// unless it is all there are. An exception leaves the statistics as they were.
template <class Model>
EFFV2_SETUP void estimate_statistics(Model& model, typename Model::Saved& saved,
                                     const data::Dataset& dataset,
                                     const data::LoaderOptions& options, std::int64_t batches,
                                     nn::Context<typename Model::value_type>& context,
                                     NonFinite on_non_finite = NonFinite::stop) {
  using T = typename Model::value_type;
  data::Loader<T> loader(dataset, options);
  EFFV2_CHECK(batches > 0 && loader.batches() > 0, ErrorCode::invalid_argument,
              "[statistics] expected at least one batch, got ", batches, " of ", loader.batches());
  loader.start(0);
  struct Estimating {
    nn::Context<T>& context;
    const std::optional<double> momentum = context.statistics_momentum;
    const bool drops = std::exchange(context.drops, false);
    ~Estimating() { context.statistics_momentum = momentum, context.drops = drops; }
  } const estimating{context};
  nn::StateSnapshot<T> all_before(model), batch_before(model);
  all_before.take();
  try {
    std::int64_t counted = 0;
    for (std::int64_t i = 0; i < batches; ++i) {
      const data::Batch<T>* batch = loader.next();
      if (batch == nullptr) break;
      batch_before.take();
      context.statistics_momentum = 1.0 / static_cast<double>(counted + 1);
      context.begin_step(static_cast<std::uint64_t>(i));
      model.forward(batch->images, saved, context);
      if (context.non_finite() == nullptr) {
        ++counted;
        continue;
      }
      EFFV2_CHECK(on_non_finite == NonFinite::skip, ErrorCode::non_finite,
                  "[statistics] what the model makes of batch ", i + 1, " is not finite");
      batch_before.restore();
    }
    EFFV2_CHECK(counted > 0, ErrorCode::non_finite,
                "[statistics] what the model makes of no batch is finite");
  } catch (...) {
    all_before.restore();
    throw;
  }
}

}  // namespace effv2::inline EFFV2_ISA::train
