// A model's weights and statistics to and from safetensors, under this library's names or
// PyTorch's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../models/block_spec.hpp"
#include "../nn/visit.hpp"
#include "parameter_names.hpp"
#include "safetensors.hpp"

namespace effv2::inline EFFV2_ISA::io {

/// What differs between a file and a model.
struct LoadReport {
  std::vector<std::string> missing;  // in the file; the model keeps its values
  std::vector<std::string> extra;    // in the file, and in no place of the model
  std::vector<std::string>
      misshapen;  // name and both shapes, or the kind; the model keeps its values

  bool fits() const { return missing.empty() && extra.empty() && misshapen.empty(); }

  /// Up to twenty of each.
  std::string to_string() const {
    std::string text;
    const auto list = [&](const char* title, const std::vector<std::string>& names) {
      constexpr std::size_t most = 20;
      if (names.empty()) return;
      text += concat("\n  ", title, " (", names.size(), "):");
      for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text += "\n    " + names[i];
      if (names.size() > most) text += concat("\n    and ", names.size() - most, " more");
    };
    list("missing in the file", missing);
    list("of another shape or kind", misshapen);
    list("in the file only", extra);
    return text;
  }
};

struct LoadOptions {
  std::optional<Naming> naming = {};  // by default what the file says, or else this library's
  std::string prefix = {};  // before every name in the file: "module.", or a checkpoint's "model."
                            // or "ema.average."; names without it are left alone
  bool strict = true;       // a difference is an error, and nothing is loaded
  bool allow_non_finite = false;
};

namespace detail {

// PyTorch counts batches in every batch norm; nothing here needs the count.
inline constexpr std::string_view counter = "num_batches_tracked";

inline bool ends_with_counter(std::string_view name) { return name.ends_with(counter); }

// PyTorch has 1 x 1 convolutions where this library has the linear layers of squeeze-and-excite.
inline bool is_torch_convolution(std::string_view path) {
  return path.find("squeeze_excite") != path.npos;
}

// The table that an EfficientNet was built from, for the names of other libraries; of other models
// an empty one, for which there are none.
template <class Model>
models::ModelSpec table_of(const Model& model) {
  if constexpr (requires { models::ModelSpec(model.spec); }) {
    return model.spec;
  } else {
    return {};
  }
}

// Those that save_model notes.
inline Naming naming_of(const SafetensorsFile& file) {
  const auto found = file.metadata().find("effv2.naming");
  if (found == file.metadata().end()) return Naming::effv2;
  return text::kind_named<Naming>(naming_names, found->second).value_or(Naming::effv2);
}

// Of which batch norm takes a root; called the same here and by PyTorch.
inline constexpr std::string_view variance_suffix = "running_var";

inline bool is_variance(std::string_view name) { return name.ends_with(variance_suffix); }

}  // namespace detail

/// Adds all parameters and statistics of `model`. Other libraries have names for those of an
/// EfficientNet alone.
template <class Model>
EFFV2_SETUP void add_weights(SafetensorsWriter& writer, const Model& model,
                             Naming naming = Naming::effv2) {
  const models::ModelSpec spec = detail::table_of(model);
  nn::for_each_variable(model, [&](const std::string& path, const auto& variable) {
    const std::string name = foreign_name(naming, spec, path);
    if (naming == Naming::effv2) {
      writer.add(name, variable.value());
      return;
    }
    writer.add(name, to_torch(variable.value(), detail::is_torch_convolution(path)));
    if (detail::is_variance(name)) {
      writer.add(name.substr(0, name.size() - detail::variance_suffix.size()) +
                     std::string(detail::counter),
                 Tensor<std::int64_t>(Shape{}));
    }
  });
}

/// Loads all parameters and statistics. Throws Error, having changed nothing, if the file and the
/// model differ (one error lists all differences; with strict = false what fits is loaded, if
/// anything does, and the report returned), or if a number is not finite or a variance below 0.
template <class Model>
EFFV2_SETUP LoadReport load_weights(Model& model, const SafetensorsFile& file,
                                    const LoadOptions& options = {}) {
  using T = typename Model::value_type;
  const Naming naming = options.naming.value_or(detail::naming_of(file));
  const models::ModelSpec spec = detail::table_of(model);
  LoadReport report;
  std::set<std::string> used;
  std::vector<std::pair<nn::Variable<T>*, Tensor<T>>> loaded;
  nn::for_each_variable(model, [&](const std::string& path, nn::Variable<T>& variable) {
    const std::string name = options.prefix + foreign_name(naming, spec, path);
    used.insert(name);
    if (!file.contains(name)) {
      report.missing.push_back(name);
      return;
    }
    if (!file.template is_readable_as<T>(name)) {
      const TensorEntry& entry = file.entries().at(name);
      report.misshapen.push_back(concat(name, ": the file has ", info_of(entry.type).name, " in ",
                                        entry.shape.size(), " extents"));
      return;
    }
    Tensor<T> values = file.template get<T>(name);
    const Shape wanted = naming == Naming::effv2
                             ? variable.shape()
                             : torch_shape(variable.shape(), detail::is_torch_convolution(path));
    if (values.shape() != wanted) {
      report.misshapen.push_back(
          concat(name, ": expected ", wanted, ", the file has ", values.shape()));
      return;
    }
    const bool may_be_negative = !detail::is_variance(path);
    for (std::int64_t i = 0; i < values.size() && !options.allow_non_finite; ++i) {
      EFFV2_CHECK(std::isfinite(values[i]), ErrorCode::non_finite, "[load] ", file.name(), ": \"",
                  name, "\" holds a number that is not finite, at place ", i);
      EFFV2_CHECK(may_be_negative || values[i] >= T{}, ErrorCode::non_finite, "[load] ",
                  file.name(), ": \"", name, "\" holds a variance below 0, at place ", i);
    }
    if (naming != Naming::effv2) values = from_torch(values, variable.shape());
    loaded.emplace_back(&variable, std::move(values));
  });
  for (const auto& [name, entry] : file.entries()) {
    const bool is_meant = name.starts_with(options.prefix) && !detail::ends_with_counter(name);
    if (is_meant && !used.contains(name)) report.extra.push_back(name);
  }
  const bool has_something = !loaded.empty() || !report.misshapen.empty();
  EFFV2_CHECK(has_something || file.entries().empty(), ErrorCode::shape_mismatch, "[load] ",
              file.name(), " has nothing that the model has; is it of another naming than ",
              name_of(naming), ", or of another prefix than \"", options.prefix, "\"?",
              report.to_string());
  EFFV2_CHECK(!options.strict || report.fits(), ErrorCode::shape_mismatch, "[load] ", file.name(),
              " does not fit the model", report.to_string());
  for (auto& [variable, values] : loaded) variable->edit() = std::move(values);
  return report;
}

}  // namespace effv2::inline EFFV2_ISA::io
