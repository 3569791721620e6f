// A layer and a block of one's own: plain structs with five functions, and nothing of the library
// touched.
#include <cmath>
#include <cstdio>
#include <effv2/effv2.hpp>

using namespace effv2;

/// y = a x with one learned number a: forward, the hand-written backward, and the two doors.
template <class T>
struct Scale {
  using value_type = T;
  struct Saved {
    View<const T> x;
  };

  nn::Parameter<T> a{{1}, nn::Initializer::constant(0.5), nn::WeightDecay::no};

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, nn::Context<T>& context) {
    saved.x = x.view();
    return infer(x, context);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, nn::Context<T>&) = delete;  // Saved views x
  Tensor<T> infer(const Tensor<T>& x, nn::Context<T>& context) const {
    Tensor<T> y = context.tensor(x.shape());
    for (std::int64_t i = 0; i < x.size(); ++i) y[i] = a.value()[0] * x[i];
    return y;
  }
  /// da += sum of dy x,  dx = a dy
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, nn::Context<T>& context) {
    for (std::int64_t i = 0; i < dy.size(); ++i) a.gradient()[0] += dy[i] * saved.x[i];
    return infer(dy, context);
  }
  void visit(nn::Visitor<T>& visitor) { visitor("a", a); }
  int describe(nn::Graph& graph, int input) const {
    return graph.add({"scale", graph.shape(input), a.size()}, {input});
  }
};
static_assert(nn::Layer<Scale<float>>);

/// y = x + w2 f(w1 x): a block of layers with a shortcut. What lies between its parts stays in
/// Saved, which they look at until backward is done.
template <class T>
struct Residual {
  using value_type = T;
  struct Saved {
    typename nn::Linear<T>::Saved w1, w2;
    typename nn::Activation<T>::Saved f;
    Tensor<T> hidden, activated;
  };

  nn::Linear<T> w1, w2;
  nn::Activation<T> f{nn::ActivationKind::relu};

  Residual(std::int64_t width, std::int64_t hidden) : w1(width, hidden), w2(hidden, width) {}

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, nn::Context<T>& context) {
    saved.hidden = w1.forward(x, saved.w1, context);
    saved.activated = f.forward(saved.hidden, saved.f, context);
    Tensor<T> y = w2.forward(saved.activated, saved.w2, context);
    kernels::add<T>(y, y, x, context.execution);
    return y;
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, nn::Context<T>&) = delete;
  Tensor<T> infer(const Tensor<T>& x, nn::Context<T>& context) const {
    Tensor<T> y = w2.infer(f.infer(w1.infer(x, context), context), context);
    kernels::add<T>(y, y, x, context.execution);
    return y;
  }
  /// dx = dy + the branch's, which goes through its parts from the last to the first.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, nn::Context<T>& context) {
    Tensor<T> dx = w2.backward(dy, saved.w2, context);
    dx = f.backward(dx, saved.f, context);
    dx = w1.backward(dx, saved.w1, context);
    kernels::add<T>(dx, dx, dy, context.execution);
    return dx;
  }
  void visit(nn::Visitor<T>& visitor) {
    visitor("w1", w1);
    visitor("w2", w2);
  }
  int describe(nn::Graph& graph, int input) const {
    int node = graph.keep(graph.enter("w1", w1, input));
    node = graph.keep(graph.enter("f", f, node));
    node = graph.enter("w2", w2, node);
    return graph.add({"add", graph.shape(node)}, {node, input});
  }
};
static_assert(nn::Layer<Residual<float>>);

int main() {
  // The two of them together learn y = 3 |x|.
  nn::Sequential<float> net(Scale<float>{}, Residual<float>(4, 16));
  nn::initialize(net, 1);
  nn::Context<float> context;
  nn::Sequential<float>::Saved saved;
  optim::AdamW<float> optimizer(net, {.weight_decay = 0.0});

  const RandomStream random{7, 0, 0};
  float loss = 0.0F;
  for (std::uint32_t step = 0; step < 2000; ++step) {
    Tensor<float> x({16, 4});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      x[i] = 2.0F * random.uniform(step, static_cast<std::uint32_t>(i)) - 1.0F;
    }
    Tensor<float> d = net.forward(x, saved, context);
    loss = 0.0F;
    for (std::int64_t i = 0; i < d.size(); ++i) {
      d[i] -= 3.0F * std::abs(x[i]);  // half the squared error's gradient
      loss += d[i] * d[i];
    }
    net.backward(d, saved, context);
    optimizer.step(0.02 * (1.0 - step / 2000.0), context.execution);
  }
  std::printf("squared error after 2000 steps: %.6f\n", static_cast<double>(loss));
  return loss < 0.01F ? 0 : 1;
}
