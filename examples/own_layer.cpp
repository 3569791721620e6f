// A layer of one's own: a plain struct with five functions, and nothing of the library touched.
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

int main() {
  // The new layer and one of the library together learn y = 3 x.
  nn::Sequential<float> net(Scale<float>{}, nn::Linear<float>(4, 4));
  nn::initialize(net, 1);
  nn::Context<float> context;
  nn::Sequential<float>::Saved saved;
  optim::AdamW<float> optimizer(net, {.weight_decay = 0.0});

  const RandomStream random{7, 0, 0};
  float loss = 0.0F;
  for (std::uint32_t step = 0; step < 500; ++step) {
    Tensor<float> x({16, 4});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      x[i] = 2.0F * random.uniform(step, static_cast<std::uint32_t>(i)) - 1.0F;
    }
    Tensor<float> d = net.forward(x, saved, context);
    loss = 0.0F;
    for (std::int64_t i = 0; i < d.size(); ++i) {
      d[i] -= 3.0F * x[i];  // half the squared error's gradient
      loss += d[i] * d[i];
    }
    net.backward(d, saved, context);
    optimizer.step(0.02, context.execution);
  }
  std::printf("squared error after 500 steps: %.6f\n", static_cast<double>(loss));
  return loss < 0.01F ? 0 : 1;
}
