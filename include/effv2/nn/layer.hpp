// What a layer is: a concept, and the holder that makes any layer the same type.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// A layer is a plain struct that holds parameters and named children, and nothing about a batch.
/// What its backward pass needs from the forward pass it writes into `Saved`, which the caller owns
/// and may use again for the next step. `x` must stay alive until backward is done: Saved may hold
/// a view of it, so that a layer takes no temporary (the deleted forward), `x = layer.forward(x,
/// ...)` is an error that no compiler sees, and a block keeps what lies between its parts in its
/// own Saved. A backward pass uses the tape up, whose memory it gives back on the way: one forward,
/// one backward. One that throws, since memory ran out, leaves gradients that have to be cleared
/// (zero_gradients). A forward pass that throws may have moved the running statistics of the layers
/// before the one that threw.
///
///   forward   training mode
///   backward  from dy = d loss / d y: adds to the parameters' gradients and returns d loss / d x
///   infer     inference mode: const, saves nothing
///   visit     visitor("name", member) for every parameter, state and child
///   describe  adds the layer's operations to a graph, returns the index of the last
///
/// A layer may also say `static constexpr bool skips_data_gradient() { return true; }`: as a
/// network's first it then is told which x is the data (Context::is_data), whose gradient nobody
/// wants, and returns an empty tensor instead. Only for a layer that itself can do without.
template <class L>
concept Layer = requires(L layer, const L& fixed, typename L::Saved& saved,
                         const Tensor<typename L::value_type>& x,
                         Context<typename L::value_type>& context,
                         Visitor<typename L::value_type>& visitor, Graph& graph) {
  { layer.forward(x, saved, context) } -> std::same_as<Tensor<typename L::value_type>>;
  { layer.backward(x, saved, context) } -> std::same_as<Tensor<typename L::value_type>>;
  { fixed.infer(x, context) } -> std::same_as<Tensor<typename L::value_type>>;
  layer.visit(visitor);
  { fixed.describe(graph, 0) } -> std::same_as<int>;
};

/// Whether it says so; see Layer.
template <class L>
bool skips_data_gradient(const L& layer) {
  if constexpr (requires { layer.skips_data_gradient(); }) return layer.skips_data_gradient();
  return false;
}

/// layer.forward(x, saved, context), for what is made of layers. What a layer without anything to
/// learn (all of it frozen, or no parameters) makes of data is data again, if `reader`, the next
/// layer that may learn, can do without its gradient: the backward pass then ends there. (The
/// result must live until then, since data are known by their address.)
template <Layer L, class Reader, class T>
Tensor<T> forward_data(L& layer, const Tensor<T>& x, typename L::Saved& saved, Context<T>& context,
                       const Reader& reader) {
  const bool makes_data =
      context.is_data(x) && skips_data_gradient(reader) && !has_trainable(layer);
  Tensor<T> y = layer.forward(x, saved, context);
  if (makes_data) context.set_data(y);
  return y;
}

/// Holds any layer by value; the only place where a layer is called virtually. Copies deeply.
/// Assigned another layer of the same type it takes over the values and keeps its own parameters in
/// place: what points at them, as optimisers do, still may.
template <class T>
class AnyLayer {
  struct SavedBase {
    virtual ~SavedBase() = default;
  };

 public:
  using value_type = T;

  /// The held layer's Saved, made on first use and used again from then on.
  struct Saved {
    std::unique_ptr<SavedBase> held;
  };

  template <Layer L>
  requires(!std::same_as<L, AnyLayer>) AnyLayer(L layer)
      : held_(std::make_unique<Holder<L>>(std::move(layer))) {}

  AnyLayer(const AnyLayer& other) : held_(other.held().clone()) {}
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(const AnyLayer& other) {
    if (held_ == nullptr || !held_->assign(other.held())) held_ = other.held().clone();
    return *this;
  }
  AnyLayer& operator=(AnyLayer&& other) {
    if (held_ == nullptr || other.held_ == nullptr || !held_->assign(std::move(*other.held_))) {
      held_ = std::move(other.held_);
    }
    return *this;
  }
  ~AnyLayer() = default;

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    return held().forward(x, saved, context);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    return held().backward(dy, saved, context);
  }
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    return held().infer(x, context);
  }
  void visit(Visitor<T>& visitor) { held().visit(visitor); }
  int describe(Graph& graph, int input) const { return held().describe(graph, input); }
  bool skips_data_gradient() const { return held().skips_data_gradient(); }

  /// The held layer if it is an L, else null.
  template <class L>
  L* as() {
    auto* holder = dynamic_cast<Holder<L>*>(held_.get());
    return holder != nullptr ? &holder->layer : nullptr;
  }
  template <class L>
  const L* as() const {
    const auto* holder = dynamic_cast<const Holder<L>*>(held_.get());
    return holder != nullptr ? &holder->layer : nullptr;
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual std::unique_ptr<Base> clone() const = 0;
    virtual bool assign(const Base& other) = 0;  // false if it holds a layer of another type
    virtual bool assign(Base&& other) = 0;
    virtual Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) = 0;
    virtual Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) = 0;
    virtual Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const = 0;
    virtual void visit(Visitor<T>& visitor) = 0;
    virtual int describe(Graph& graph, int input) const = 0;
    virtual bool skips_data_gradient() const = 0;
  };

  template <class L>
  struct Holder final : Base {
    struct HeldSaved final : SavedBase {
      typename L::Saved saved;
    };
    explicit Holder(L&& held) : layer(std::move(held)) {}
    explicit Holder(const L& held) : layer(held) {}

    // The Saved may come from another layer whose place this one took.
    static typename L::Saved& saved_of(Saved& saved) {
      auto* mine = dynamic_cast<HeldSaved*>(saved.held.get());
      if (mine == nullptr) {
        auto fresh = std::make_unique<HeldSaved>();
        mine = fresh.get();
        saved.held = std::move(fresh);
      }
      return mine->saved;
    }
    std::unique_ptr<Base> clone() const override { return std::make_unique<Holder>(layer); }
    bool assign(const Base& other) override {
      return assign_layer<const L&>(dynamic_cast<const Holder*>(&other));
    }
    bool assign(Base&& other) override { return assign_layer<L&&>(dynamic_cast<Holder*>(&other)); }
    // `Value`: how the layer of the other holder is handed over. False if there is none.
    template <class Value, class Other>
    bool assign_layer(Other* other) {
      if constexpr (std::is_assignable_v<L&, Value>) {
        if (other != nullptr) layer = static_cast<Value>(other->layer);
        return other != nullptr;
      }
      return false;
    }
    Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) override {
      return layer.forward(x, saved_of(saved), context);
    }
    Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) override {
      return layer.backward(dy, saved_of(saved), context);
    }
    Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const override {
      return layer.infer(x, context);
    }
    void visit(Visitor<T>& visitor) override { layer.visit(visitor); }
    int describe(Graph& graph, int input) const override { return layer.describe(graph, input); }
    bool skips_data_gradient() const override { return nn::skips_data_gradient(layer); }

    L layer;
  };

  Base& held() const {
    EFFV2_CHECK(held_ != nullptr, ErrorCode::invalid_argument,
                "[layer] none is left: it was moved from");
    return *held_;
  }

  std::unique_ptr<Base> held_;
};

}  // namespace effv2::inline EFFV2_ISA::nn
