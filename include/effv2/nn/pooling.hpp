// Pooling layers, and the flattening before a classifier.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/pooling.hpp"
#include "check.hpp"
#include "context.hpp"
#include "conv2d.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// (N, H, W, C) -> (N, C): the mean over all pixels.
template <class T>
struct GlobalAveragePool {
  using value_type = T;
  struct Saved {
    Shape x;
  };

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    saved.x = x.shape();
    return infer(x, context);
  }
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    detail::check_picture(x.shape(), "global_average_pool");
    Tensor<T> y = context.tensor({x.extent(0), x.extent(3)});
    kernels::global_average_pool_forward<T>(y, x, context.execution);
    return y;
  }
  /// dx[n, p, c] = dy[n, c] / P for each of the P pixels
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, {saved.x[0], saved.x[3]}, "global_average_pool");
    Tensor<T> dx = context.tensor(saved.x);
    kernels::global_average_pool_backward<T>(dx, dy, context.execution);
    return dx;
  }
  void visit(Visitor<T>&) {}
  EFFV2_SETUP int describe(Graph& graph, int input) const {
    const Shape x = graph.shape(input);
    detail::check_picture(x, "global_average_pool");
    return graph.add({"global_average_pool", {x[0], x[3]}}, {input});
  }
};

/// What both windowed pools are told.
struct PoolOptions {
  std::int64_t kernel = 2, stride = 2;
  Padding padding = Padding::valid;
};

namespace detail {
inline kernels::Window pool_window(const PoolOptions& o, const Shape& x) {
  // The winner of a window is a number of its taps, kept in the number type: a float counts so far.
  EFFV2_CHECK(o.kernel <= 4096, ErrorCode::unsupported,
              "[pool] expected a kernel of at most 4096, got ", o.kernel);
  return {x[1], x[2], o.kernel, o.stride, o.padding};
}
inline Shape pool_shape(const PoolOptions& o, const Shape& x) {
  const kernels::Window w = pool_window(o, x);
  return {x[0], w.out_height, w.out_width, x[3]};
}
inline int describe_pool(Graph& graph, int input, const char* kind, const PoolOptions& o) {
  check_picture(graph.shape(input), kind);
  return graph.add({kind, pool_shape(o, graph.shape(input)), 0, 0,
                    attributes_of(pool_window(o, graph.shape(input)))},
                   {input});
}
}  // namespace detail

/// The mean of every window; padding does not count.
template <class T>
struct AveragePool {
  using value_type = T;
  struct Saved {
    Shape x;
  };

  PoolOptions options;

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    saved.x = x.shape();
    return infer(x, context);
  }
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    detail::check_picture(x.shape(), "average_pool");
    Tensor<T> y = context.tensor(detail::pool_shape(options, x.shape()));
    kernels::average_pool_forward<T>(y, x, detail::pool_window(options, x.shape()),
                                     context.execution);
    return y;
  }
  /// dx[n, q, c] = sum over the windows p that cover q of  dy[n, p, c] / (pixels covered by p)
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, detail::pool_shape(options, saved.x), "average_pool");
    Tensor<T> dx = context.tensor(saved.x);
    kernels::average_pool_backward<T>(dx, dy, detail::pool_window(options, saved.x),
                                      context.execution);
    return dx;
  }
  void visit(Visitor<T>&) {}
  EFFV2_SETUP int describe(Graph& graph, int input) const {
    return detail::describe_pool(graph, input, "average_pool", options);
  }
};

/// The largest number of every window.
template <class T>
struct MaxPool {
  using value_type = T;
  struct Saved {
    Shape x;
    Tensor<T> winner;
  };

  PoolOptions options;

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    detail::check_picture(x.shape(), "max_pool");
    saved.x = x.shape();
    const Shape shape = detail::pool_shape(options, x.shape());
    saved.winner = context.tensor(shape);
    Tensor<T> y = context.tensor(shape);
    kernels::max_pool_forward<T>(y, saved.winner, x, detail::pool_window(options, x.shape()),
                                 context.execution);
    return y;
  }
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Saved unused;
    return MaxPool(*this).forward(x, unused, context);
  }
  /// dx[n, q, c] = sum over the windows p whose maximum is at q of  dy[n, p, c]
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, saved.winner.shape(), "max_pool");
    Tensor<T> dx = context.tensor(saved.x);
    kernels::max_pool_backward<T>(dx, dy, saved.winner, detail::pool_window(options, saved.x),
                                  context.execution);
    return dx;
  }
  void visit(Visitor<T>&) {}
  EFFV2_SETUP int describe(Graph& graph, int input) const {
    return detail::describe_pool(graph, input, "max_pool", options);
  }
};

/// (N, ...) -> (N, everything else), in memory order (height, width, channel).
template <class T>
struct Flatten {
  using value_type = T;
  struct Saved {
    Shape x;
  };

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    saved.x = x.shape();
    return infer(x, context);
  }
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    EFFV2_CHECK(!x.empty(), ErrorCode::shape_mismatch, "[flatten] got an empty tensor");
    Tensor<T> y = context.tensor(x.shape());
    std::copy(x.begin(), x.end(), y.begin());
    y.reshape({x.extent(0), x.size() / x.extent(0)});
    return y;
  }
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    Tensor<T> dx = infer(dy, context);
    dx.reshape(saved.x);
    return dx;
  }
  void visit(Visitor<T>&) {}
  EFFV2_SETUP int describe(Graph& graph, int input) const {
    const Shape& x = graph.shape(input);
    EFFV2_CHECK(x.size() > 0, ErrorCode::shape_mismatch, "[flatten] got an empty tensor");
    return graph.add({"flatten", {x[0], x.size() / x[0]}}, {input});
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
