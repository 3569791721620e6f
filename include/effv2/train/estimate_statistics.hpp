// Batch norm's statistics of the weights as they are.
#pragma once

#include <cstdint>
#include <optional>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../data/dataset.hpp"
#include "../data/loader.hpp"
#include "../nn/context.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Makes all running statistics the means over the first `batches` batches (or all there are) that
/// `options` yield, whatever they were before. Weights stay as they are. `saved` is used as a tape.
/// Throws Error(invalid_argument) if there is no batch, and Error(non_finite) if what a batch norm
/// sees is not finite; batches before have counted.
template <class Model>
EFFV2_SETUP void estimate_statistics(Model& model, typename Model::Saved& saved,
                                     const data::Dataset& dataset,
                                     const data::LoaderOptions& options, std::int64_t batches,
                                     nn::Context<typename Model::value_type>& context) {
  using T = typename Model::value_type;
  data::Loader<T> loader(dataset, options);
  EFFV2_CHECK(batches > 0 && loader.batches() > 0, ErrorCode::invalid_argument,
              "[statistics] expected at least one batch, got ", batches, " of ", loader.batches());
  loader.start(0);
  struct Momentum {
    std::optional<double>& of_context;
    const std::optional<double> before;
    ~Momentum() { of_context = before; }
  } const momentum{context.statistics_momentum, context.statistics_momentum};
  for (std::int64_t i = 0; i < batches; ++i) {
    const data::Batch<T>* batch = loader.next();
    if (batch == nullptr) break;
    momentum.of_context = 1.0 / static_cast<double>(i + 1);
    context.begin_step(static_cast<std::uint64_t>(i));
    model.forward(batch->images, saved, context);
    EFFV2_CHECK(context.non_finite() == nullptr, ErrorCode::non_finite,
                "[statistics] what the model makes of batch ", i + 1, " is not finite");
  }
}

}  // namespace effv2::inline EFFV2_ISA::train
