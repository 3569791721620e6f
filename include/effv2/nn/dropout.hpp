// Dropout (Srivastava et al., 2014).
#pragma once

#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y[n, i] = x[n, i] m[n, i] / keep with m = 1 with probability keep = 1 - rate, else 0: in
/// training; y = x in inference.
template <class T>
struct Dropout {
  using value_type = T;
  struct Saved {
    Tensor<T> mask;  // m / keep; empty when nothing is dropped
  };

  double rate = 0.0;

  Dropout() = default;
  explicit Dropout(double drop_rate) : rate(drop_rate) {
    EFFV2_CHECK(rate >= 0.0 && rate < 1.0, ErrorCode::invalid_argument,
                "[dropout] expected a rate in [0, 1), got ", rate);
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    saved.mask = {};
    Tensor<T> y = context.tensor(x.shape());
    if (rate == 0.0 || !context.drops || x.empty()) {
      y = x;
      return y;
    }
    const RandomStream random = context.next_random();
    const double keep = 1.0 - rate;
    saved.mask = context.tensor(x.shape());
    const std::int64_t batch = x.extent(0), numbers = x.size() / batch;
    const View<T> mask = saved.mask.view();
    const T kept = static_cast<T>(1.0 / keep);
    parallel_for(batch, context.execution.threads_for(x.size()), [=](std::int64_t n) {
      for (std::int64_t i = 0; i < numbers; ++i) {
        const float u =
            random.uniform(static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(i));
        // A product and no choice: nobody can foresee which way a branch would go.
        mask[n * numbers + i] = static_cast<T>(static_cast<double>(u) < keep) * kept;
      }
    });
    kernels::multiply<T>(y, x, saved.mask, context.execution);
    return y;
  }

  /// dx = dy m / keep
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    if (!saved.mask.empty()) detail::check_gradient(dy, saved.mask.shape(), "dropout");
    Tensor<T> dx = context.tensor(dy.shape());
    if (saved.mask.empty()) {
      dx = dy;
    } else {
      kernels::multiply<T>(dx, dy, saved.mask, context.execution);
    }
    return dx;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y = context.tensor(x.shape());
    y = x;
    return y;
  }
  void visit(Visitor<T>&) {}
  int describe(Graph& graph, int input) const {
    if (rate > 0.0) graph.note(input, "dropout", rate);
    return input;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
