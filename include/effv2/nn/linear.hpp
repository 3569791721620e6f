// The fully connected layer.
#pragma once

#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/bias.hpp"
#include "../kernels/epilogue.hpp"
#include "../kernels/linear.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y = x w + b: (N, in) -> (N, out); weight (in, out), by default uniform in +-1 / sqrt(in).
template <class T>
struct Linear {
  using value_type = T;
  struct Saved {
    View<const T> x;
  };

  Parameter<T> weight, bias;

  Linear(std::int64_t in, std::int64_t out)
      : Linear(in, out, Initializer::uniform(1.0 / std::sqrt(static_cast<double>(in)))) {}

  Linear(std::int64_t in, std::int64_t out, Initializer initializer) {
    EFFV2_CHECK(in > 0 && out > 0, ErrorCode::invalid_argument,
                "[linear] expected at least 1 input and output, got ", in, " and ", out);
    weight = Parameter<T>({in, out}, initializer, WeightDecay::yes);
    bias = Parameter<T>({out}, Initializer::constant(0.0), WeightDecay::no);
  }

  std::int64_t in() const { return weight.shape()[0]; }
  std::int64_t out() const { return weight.shape()[1]; }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context,
                    const kernels::Epilogue<T>& epilogue = {}) {
    saved.x = x.view();
    return apply(x, context.pack(weight, kernels::Transpose::no), context, epilogue);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context,
                  const kernels::Epilogue<T>& epilogue = {}) const {
    return apply(x, context.packed(weight), context, epilogue);
  }

  /// dw += x^T dy,  db += sum over rows of dy,  dx = dy w^T.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, {saved.x.extent(0), out()}, "linear");
    if (!weight.frozen) {
      kernels::linear_backward_weights<T>(weight.accumulator(), dy, saved.x, context.execution);
    }
    if (!bias.frozen) kernels::bias_backward<T>(bias.gradient(), dy, context.execution);
    if (context.is_data(saved.x)) return {};
    Tensor<T> dx = context.tensor(saved.x.shape());
    kernels::linear_backward_data<T>(dx, dy, context.pack(weight, kernels::Transpose::yes),
                                     context.execution);
    return dx;
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(Visitor<T>& visitor) {
    visitor("weight", weight);
    visitor("bias", bias);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    check(graph.shape(input));
    const std::int64_t rows = graph.shape(input)[0];
    return graph.add({"linear", {rows, out()}, weight.size() + bias.size(), rows * weight.size()},
                     {input});
  }

 private:
  void check(const Shape& x) const {
    EFFV2_CHECK(x.rank() == 2 && x[1] == in() && x.size() > 0, ErrorCode::shape_mismatch,
                "[linear] expected (N, ", in(), "), got ", x);
  }

  Tensor<T> apply(const Tensor<T>& x, const kernels::PackedMatrix<T>& packed, Context<T>& context,
                  const kernels::Epilogue<T>& epilogue) const {
    check(x.shape());
    Tensor<T> y = context.tensor({x.extent(0), out()});
    kernels::linear_forward<T>(y, x, packed, bias.value(), context.execution, epilogue);
    return y;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
