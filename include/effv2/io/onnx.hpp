// Models to ONNX (opset 13), for programs that run networks without this library.
//
// Any model can be exported whose graph has only kinds of nodes known here: all layers of nn/ do.
// In ONNX pictures are NCHW and filters OIHW. The field numbers are those of onnx.proto3.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../core/atomic_file.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../nn/graph.hpp"
#include "../nn/visit.hpp"
#include "../version.hpp"
#include "parameter_names.hpp"
#include "protobuf.hpp"
#include "safetensors_header.hpp"

namespace effv2::inline EFFV2_ISA::io {

struct OnnxOptions {
  /// Batch norms that follow a convolution become part of its weights.
  bool fold_batch_norm = true;
  std::string input = "images", output = "logits";
  /// Travels with the model: class names, say.
  Metadata metadata = {};
};

namespace detail {

// ONNX's numbers for types: of tensors and of attributes.
enum OnnxType { onnx_float = 1, onnx_int64 = 7 };
enum OnnxAttribute { onnx_real = 1, onnx_integer = 2, onnx_integers = 7 };

inline Message onnx_attribute(std::string_view name, float value) {
  return Message().text(1, name).real(2, value).integer(20, onnx_real);
}
inline Message onnx_attribute(std::string_view name, std::int64_t value) {
  return Message().text(1, name).integer(3, value).integer(20, onnx_integer);
}
inline Message onnx_attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Message attribute;
  attribute.text(1, name);
  for (const std::int64_t value : values) attribute.integer(8, value);
  return attribute.integer(20, onnx_integers);
}

// A tensor of floats whose first extent, the batch, is left open.
inline Message onnx_value(std::string_view name, const std::vector<std::int64_t>& extents) {
  Message shape;
  shape.message(1, Message().text(2, "N"));
  for (std::size_t i = 1; i < extents.size(); ++i) {
    shape.message(1, Message().integer(1, extents[i]));
  }
  const Message tensor = Message().integer(1, onnx_float).message(2, shape);
  return Message().text(1, name).message(2, Message().message(1, tensor));
}

// Turns the graph of a model, node by node, into ONNX's.
template <class T>
class OnnxGraph {
 public:
  template <class Model>
  OnnxGraph(const Model& model, const nn::Graph& graph, const OnnxOptions& options)
      : nodes_(graph.nodes()), options_(options), names_(nodes_.size()), folds_(nodes_.size(), -1) {
    const auto note = [this](const std::string& path, const auto& variable) {
      EFFV2_CHECK(variables_.emplace(path, &variable.value()).second, ErrorCode::unsupported,
                  "[onnx] the model has two variables called ", path);
    };
    nn::for_each_variable(model, note);
    if (options.fold_batch_norm) find_folds();
    names_[0] = options.input;
    written_.insert(options.input);
    graph_.text(2, "effv2");
    graph_.message(11, onnx_value(options.input, nchw(nodes_[0].output)));
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
      if (names_[i].empty()) names_[i] = i + 1 == nodes_.size() ? options.output : concat("v", i);
      add_node(i);
    }
    // A model that does nothing in inference still has a result.
    if (!written_.contains(options.output)) emit("Identity", {names_.back()}, options.output);
    for (const std::string& name : constants_) check_free(name);
    graph_.message(12, onnx_value(options.output, nchw(nodes_.back().output)));
  }

  const Message& message() const { return graph_; }

 private:
  static std::vector<std::int64_t> nchw(const Shape& s) {
    if (s.rank() == 4) return {s[0], s[3], s[1], s[2]};
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < s.rank(); ++axis) extents.push_back(s[axis]);
    return extents;
  }

  // folds_[convolution] = the batch norm that alone reads it.
  void find_folds() {
    std::vector<int> readers(nodes_.size());
    for (const nn::Node& node : nodes_) {
      for (const int input : node.inputs) ++readers[static_cast<std::size_t>(input)];
    }
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
      if (nodes_[i].kind != "batch_norm") continue;
      const auto input = static_cast<std::size_t>(nodes_[i].inputs[0]);
      const bool is_convolution =
          nodes_[input].kind == "conv2d" || nodes_[input].kind == "depthwise_conv2d";
      if (is_convolution && readers[input] == 1) folds_[input] = static_cast<int>(i);
    }
  }

  const Tensor<T>* find(const nn::Node& node, const char* variable) const {
    const auto found = variables_.find(node.path.empty() ? variable : node.path + '.' + variable);
    return found == variables_.end() ? nullptr : found->second;
  }
  const Tensor<T>& get(const nn::Node& node, const char* variable) const {
    const Tensor<T>* found = find(node, variable);
    EFFV2_CHECK(found != nullptr, ErrorCode::unsupported, "[onnx] ", node.kind, " \"", node.path,
                "\" has no parameter ", variable);
    return *found;
  }

  // Writes a constant once and returns its name.
  std::string constant(const std::string& name, const Tensor<T>& values) {
    if (!constants_.insert(name).second) return name;
    Message tensor;
    for (int axis = 0; axis < values.rank(); ++axis) tensor.integer(1, values.extent(axis));
    std::string bytes;
    for (const T value : values) {
      EFFV2_CHECK(std::isfinite(static_cast<float>(value)), ErrorCode::non_finite, "[onnx] ", name,
                  " holds a number that is not finite, or too large for a float");
      const auto number = std::bit_cast<std::array<char, 4>>(static_cast<float>(value));
      bytes.append(number.data(), number.size());
    }
    graph_.message(5, tensor.integer(2, onnx_float).text(8, name).text(9, bytes));
    return name;
  }
  std::string constant(const std::string& name, const std::vector<std::int64_t>& values) {
    if (!constants_.insert(name).second) return name;
    Message tensor;
    tensor.integer(1, static_cast<std::int64_t>(values.size())).integer(2, onnx_int64);
    for (const std::int64_t value : values) tensor.integer(7, value);
    graph_.message(5, tensor.text(8, name));
    return name;
  }

  // Of two values of one name a reader would take either.
  void check_free(const std::string& name) const {
    EFFV2_CHECK(!written_.contains(name), ErrorCode::invalid_argument,
                "[onnx] the graph has a value \"", name, "\": input (", options_.input,
                ") and output (", options_.output, ") need other names");
  }

  void emit(const char* operation, const std::vector<std::string>& inputs,
            const std::string& output, const std::vector<Message>& attributes = {}) {
    check_free(output);
    written_.insert(output);
    Message node;
    for (const std::string& input : inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, operation);
    for (const Message& attribute : attributes) node.message(5, attribute);
    graph_.message(1, node);
  }

  using Names = std::vector<std::string>;

  void add_node(std::size_t index) {
    const nn::Node& node = nodes_[index];
    Names inputs;
    for (const int input : node.inputs) inputs.push_back(names_[static_cast<std::size_t>(input)]);

    struct SameOperation {
      std::string_view kind;
      const char* operation;
    };
    static constexpr SameOperation same[] = {
        {"identity", "Identity"}, {"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"add", "Add"}};
    for (const auto& [kind, operation] : same) {
      if (node.kind == kind) return emit(operation, inputs, names_[index]);
    }

    struct Composition {
      std::string_view kind;
      void (OnnxGraph::*add)(std::size_t, const Names&, const std::string&);
    };
    static constexpr Composition composed[] = {
        {"conv2d", &OnnxGraph::add_convolution},
        {"depthwise_conv2d", &OnnxGraph::add_convolution},
        {"batch_norm", &OnnxGraph::add_batch_norm},
        {"linear", &OnnxGraph::add_linear},
        {"silu", &OnnxGraph::add_silu},
        {"hard_swish", &OnnxGraph::add_hard_swish},
        {"global_average_pool", &OnnxGraph::add_global_average_pool},
        {"scale_channels", &OnnxGraph::add_channel_scale},
        {"average_pool", &OnnxGraph::add_average_pool},
        {"max_pool", &OnnxGraph::add_max_pool},
        {"flatten", &OnnxGraph::add_flatten}};
    for (const auto& [kind, add] : composed) {
      if (node.kind == kind) return (this->*add)(index, inputs, names_[index]);
    }
    throw_error(ErrorCode::unsupported, "[onnx] no operation for \"", node.kind, "\" (", node.path,
                ")");
  }

  void add_batch_norm(std::size_t index, const Names& inputs, const std::string& output) {
    const nn::Node& node = nodes_[index];
    const auto input = static_cast<std::size_t>(node.inputs[0]);
    if (folds_[input] == static_cast<int>(index)) return;  // its convolution has taken its name
    Names operands = inputs;
    for (const char* variable : {"weight", "bias", "running_mean", "running_var"}) {
      operands.push_back(constant(node.path + '.' + variable, get(node, variable)));
    }
    emit("BatchNormalization", operands, output,
         {onnx_attribute("epsilon", static_cast<float>(node.attribute("epsilon")))});
  }

  void add_linear(std::size_t index, const Names& inputs, const std::string& output) {
    const nn::Node& node = nodes_[index];
    Names operands = {inputs[0],
                      constant(node.path + ".weight", to_torch(get(node, "weight"), false))};
    if (find(node, "bias") != nullptr) {
      operands.push_back(constant(node.path + ".bias", get(node, "bias")));
    }
    emit("Gemm", operands, output, {onnx_attribute("transB", std::int64_t{1})});
  }

  void add_silu(std::size_t, const Names& inputs, const std::string& output) {
    emit("Sigmoid", inputs, output + ".gate");
    emit("Mul", {inputs[0], output + ".gate"}, output);
  }

  void add_hard_swish(std::size_t, const Names& inputs, const std::string& output) {
    emit("HardSigmoid", inputs, output + ".gate",
         {onnx_attribute("alpha", 1.0F / 6.0F), onnx_attribute("beta", 0.5F)});
    emit("Mul", {inputs[0], output + ".gate"}, output);
  }

  void add_global_average_pool(std::size_t, const Names& inputs, const std::string& output) {
    emit("GlobalAveragePool", inputs, output + ".pixel");
    emit("Flatten", {output + ".pixel"}, output);
  }

  void add_channel_scale(std::size_t, const Names& inputs, const std::string& output) {
    emit("Unsqueeze", {inputs[1], constant("pixel_axes", std::vector<std::int64_t>{2, 3})},
         output + ".gate");
    emit("Mul", {inputs[0], output + ".gate"}, output);
  }

  void add_average_pool(std::size_t index, const Names& inputs, const std::string& output) {
    emit("AveragePool", inputs, output, window(index));
  }

  void add_max_pool(std::size_t index, const Names& inputs, const std::string& output) {
    emit("MaxPool", inputs, output, window(index));
  }

  // In memory order of this library, the channel innermost.
  void add_flatten(std::size_t index, const Names& inputs, const std::string& output) {
    std::string pixels = inputs[0];
    if (nodes_[static_cast<std::size_t>(nodes_[index].inputs[0])].output.rank() == 4) {
      pixels = output + ".nhwc";
      emit("Transpose", inputs, pixels,
           {onnx_attribute("perm", std::vector<std::int64_t>{0, 2, 3, 1})});
    }
    emit("Flatten", {pixels}, output);
  }

  void add_convolution(std::size_t index, const Names& inputs, const std::string& output) {
    const nn::Node& node = nodes_[index];
    Tensor<T> weights(get(node, "weight"));
    const std::int64_t channels = weights.extent(weights.rank() - 1);
    Tensor<T> bias({channels});
    const Tensor<T>* own_bias = find(node, "bias");
    if (own_bias != nullptr) bias = Tensor<T>(*own_bias);
    std::string name = output;
    if (folds_[index] >= 0) {
      const auto norm_index = static_cast<std::size_t>(folds_[index]);
      const nn::Node& norm = nodes_[norm_index];
      fold(weights, bias, norm);
      // The batch norm comes later, and has nothing left to do.
      name = norm_index + 1 == nodes_.size() ? options_.output : output;
      names_[norm_index] = name;
    }
    // Folded weights are this node's; a layer that is used twice may be folded another way there.
    // No path has a colon.
    const std::string prefix = folds_[index] >= 0 ? output + ":" : node.path + '.';
    Names operands = {inputs[0], constant(prefix + "weight", to_torch(weights, true))};
    if (own_bias != nullptr || folds_[index] >= 0) {
      operands.push_back(constant(prefix + "bias", bias));
    }
    std::vector<Message> attributes = window(index);
    if (node.kind == "depthwise_conv2d") attributes.push_back(onnx_attribute("group", channels));
    emit("Conv", operands, name, attributes);
  }

  // y = s (w x + b - mean) + beta with s = gamma / sqrt(variance + epsilon)
  void fold(Tensor<T>& weights, Tensor<T>& bias, const nn::Node& norm) const {
    const std::int64_t channels = bias.size();
    const Tensor<T>&gamma = get(norm, "weight"), &beta = get(norm, "bias");
    const Tensor<T>&mean = get(norm, "running_mean"), &variance = get(norm, "running_var");
    for (std::int64_t c = 0; c < channels; ++c) {
      const double scale = static_cast<double>(gamma[c]) /
                           std::sqrt(static_cast<double>(variance[c]) + norm.attribute("epsilon"));
      bias[c] = static_cast<T>(static_cast<double>(beta[c]) +
                               scale * static_cast<double>(bias[c] - mean[c]));
      for (std::int64_t i = c; i < weights.size(); i += channels) {
        weights[i] = static_cast<T>(scale * static_cast<double>(weights[i]));
      }
    }
  }

  std::vector<Message> window(std::size_t index) const {
    const nn::Node& node = nodes_[index];
    const Shape& in = nodes_[static_cast<std::size_t>(node.inputs[0])].output;
    const auto whole = [&](const char* name) {
      return static_cast<std::int64_t>(node.attribute(name));
    };
    const std::int64_t kernel = whole("kernel"), stride = whole("stride");
    // What the last window reaches beyond the picture.
    const auto after = [&](int axis, std::int64_t before) {
      return std::max<std::int64_t>(0,
                                    (node.output[axis] - 1) * stride + kernel - in[axis] - before);
    };
    const std::int64_t top = whole("pad_top"), left = whole("pad_left");
    return {onnx_attribute("kernel_shape", {kernel, kernel}),
            onnx_attribute("strides", {stride, stride}),
            onnx_attribute("pads", {top, left, after(1, top), after(2, left)})};
  }

  const std::vector<nn::Node>& nodes_;
  const OnnxOptions& options_;
  std::vector<std::string> names_;  // of the nodes' outputs
  std::vector<int> folds_;
  std::map<std::string, const Tensor<T>*> variables_;
  std::set<std::string> constants_, written_;  // names
  Message graph_;
};

}  // namespace detail

/// The bytes of an ONNX model with one input (N, C, H, W) and one output, the batch N left open.
/// `image`: (H, W, C) of the pictures. Throws Error(unsupported) for a kind of layer that ONNX has
/// nothing for, with its path.
template <class Model>
EFFV2_SETUP std::string encode_onnx(const Model& model, const Shape& image,
                                    const OnnxOptions& options = {}) {
  EFFV2_CHECK(image.rank() == 3, ErrorCode::shape_mismatch,
              "[onnx] expected pictures (H, W, C), got ", image);
  EFFV2_CHECK(options.input != options.output, ErrorCode::invalid_argument,
              "[onnx] input and output cannot both be ", options.input);
  const nn::Graph graph = nn::describe(model, {1, image[0], image[1], image[2]});
  const detail::OnnxGraph<typename Model::value_type> onnx(model, graph, options);
  constexpr std::int64_t ir_version = 7, opset = 13;
  detail::Message file;
  file.integer(1, ir_version).text(2, "effv2").text(3, EFFV2_VERSION_STRING);
  file.message(7, onnx.message());
  file.message(8, detail::Message().text(1, "").integer(2, opset));
  for (const auto& [key, value] : options.metadata) {
    EFFV2_CHECK(text::is_utf8(key) && text::is_utf8(value), ErrorCode::invalid_argument,
                "[onnx] the metadata of \"", key, "\" are not UTF-8");
    file.message(14, detail::Message().text(1, key).text(2, value));
  }
  return file.bytes();
}

template <class Model>
EFFV2_SETUP void export_onnx(const std::string& path, const Model& model, const Shape& image,
                             const OnnxOptions& options = {}) {
  write_file(path, encode_onnx(model, image, options));
}

}  // namespace effv2::inline EFFV2_ISA::io
