// The door through which optimisers, checkpoints, EMA and naming see a model: every parameter and
// every state, with its path ("blocks.3.expand.conv.weight").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "../core/isa.hpp"
#include "parameter.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// Passed to a layer's visit(), which calls visitor("name", member) for every parameter, state and
/// child, always in the same order.
template <class T>
class Visitor {
 public:
  virtual ~Visitor() = default;

  template <class Member>
  void operator()(std::string_view name, Member& member) {
    const std::size_t length = path_.size();
    if (names_) {
      if (length > 0) path_ += '.';
      path_ += name;
    }
    if constexpr (std::is_same_v<Member, Parameter<T>>) {
      on_parameter(path_, member);
    } else if constexpr (std::is_same_v<Member, State<T>>) {
      on_state(path_, member);
    } else {
      member.visit(*this);
    }
    path_.resize(length);
  }

 protected:
  Visitor() = default;
  /// One that does without paths, which take memory, gets empty ones.
  explicit Visitor(bool names) : names_(names) {}

  virtual void on_parameter(const std::string& path, Parameter<T>& parameter) = 0;
  virtual void on_state(const std::string& path, State<T>& state) = 0;

 private:
  bool names_ = true;
  std::string path_;
};

namespace detail {

template <class T, class OnParameter, class OnState>
class CallbackVisitor final : public Visitor<T> {
 public:
  CallbackVisitor(OnParameter on_parameter, OnState on_state)
      : parameter_(on_parameter), state_(on_state) {}

 private:
  void on_parameter(const std::string& path, Parameter<T>& parameter) override {
    parameter_(path, parameter);
  }
  void on_state(const std::string& path, State<T>& state) override { state_(path, state); }

  OnParameter parameter_;
  OnState state_;
};

template <class Model, class OnParameter, class OnState>
void visit(Model& model, OnParameter on_parameter, OnState on_state) {
  using T = typename Model::value_type;
  CallbackVisitor<T, OnParameter, OnState> visitor(on_parameter, on_state);
  model.visit(visitor);
}

inline constexpr auto ignore = [](const std::string&, auto&) {};

template <class T>
class TrainableFinder final : public Visitor<T> {
 public:
  bool found = false;

  TrainableFinder() : Visitor<T>(false) {}

 private:
  void on_parameter(const std::string&, Parameter<T>& parameter) override {
    found |= !parameter.frozen;
  }
  void on_state(const std::string&, State<T>&) override {}
};

}  // namespace detail

/// f(path, parameter) for every parameter of a model.
template <class Model, class F>
void for_each_parameter(Model& model, F&& f) {
  detail::visit(
      model, [&f](const std::string& path, auto& parameter) { f(path, parameter); },
      detail::ignore);
}

/// f(path, state) for every state of a model.
template <class Model, class F>
void for_each_state(Model& model, F&& f) {
  detail::visit(model, detail::ignore,
                [&f](const std::string& path, auto& state) { f(path, state); });
}

// A visit by itself changes nothing, so that a const model can be visited for reading.
template <class Model, class F>
void for_each_parameter(const Model& model, F&& f) {
  using T = typename Model::value_type;
  for_each_parameter(const_cast<Model&>(model), [&f](const std::string& path, Parameter<T>& p) {
    f(path, static_cast<const Parameter<T>&>(p));
  });
}

template <class Model, class F>
void for_each_state(const Model& model, F&& f) {
  using T = typename Model::value_type;
  for_each_state(const_cast<Model&>(model), [&f](const std::string& path, State<T>& s) {
    f(path, static_cast<const State<T>&>(s));
  });
}

/// f(path, variable) for every parameter, then every state.
template <class Model, class F>
void for_each_variable(Model& model, F&& f) {
  for_each_parameter(model, f);
  for_each_state(model, f);
}

/// Gives every parameter and state its starting value; each draws from a stream of its own.
template <class Model>
void initialize(Model& model, std::uint64_t seed) {
  std::uint32_t stream = 0;
  const auto set = [&](const std::string&, auto& variable) {
    variable.initialize(RandomStream{seed, stream++, 0});
  };
  detail::visit(model, set, set);
}

template <class Model>
std::int64_t parameter_count(const Model& model) {
  std::int64_t count = 0;
  for_each_parameter(model, [&](const std::string&, const auto& p) { count += p.size(); });
  return count;
}

/// Sets every gradient to zero. (An optimiser's step leaves them zero.)
template <class Model>
void zero_gradients(Model& model) {
  for_each_parameter(model, [](const std::string&, auto& p) { p.clear_gradient(); });
}

/// Whether `path` is `prefix` or lies below it; the empty prefix holds everything.
inline bool lies_below(std::string_view path, std::string_view prefix) {
  return prefix.empty() || path == prefix ||
         (path.starts_with(prefix) && path[prefix.size()] == '.');
}

/// Freezes (or thaws) all parameters and statistics below `prefix`: freeze(model, "") and
/// freeze(model, "classifier", false) leave a trainable classifier on a fixed body.
/// Throws Error(invalid_argument) if nothing lies there.
template <class Model>
void freeze(Model& model, std::string_view prefix, bool frozen = true) {
  bool found = false;
  const auto set = [&](const std::string& path, auto& variable) {
    if (!lies_below(path, prefix)) return;
    variable.frozen = frozen;
    found = true;
  };
  detail::visit(model, set, set);
  EFFV2_CHECK(found, ErrorCode::invalid_argument, "[freeze] no parameter at or below \"", prefix,
              "\"");
}

/// Whether training would change anything: not all parameters are frozen. (Asked within a step, it
/// allocates nothing.)
template <class Model>
bool has_trainable(const Model& model) {
  detail::TrainableFinder<typename Model::value_type> finder;
  const_cast<Model&>(model).visit(finder);
  return finder.found;
}

}  // namespace effv2::inline EFFV2_ISA::nn
