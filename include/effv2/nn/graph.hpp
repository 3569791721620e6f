// The second door into a model: what it is made of, without running it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/text.hpp"
#include "../kernels/window.hpp"

namespace effv2::inline EFFV2_ISA::nn {

using Attributes = std::vector<std::pair<std::string, double>>;

/// What a node tells of its sliding window.
inline Attributes attributes_of(const kernels::Window& window) {
  return {{"kernel", static_cast<double>(window.kernel)},
          {"stride", static_cast<double>(window.stride)},
          {"pad_top", static_cast<double>(window.pad_top)},
          {"pad_left", static_cast<double>(window.pad_left)}};
}

/// One operation of a model: its kind ("conv2d"), the path of the layer it belongs to, the nodes it
/// reads and the shape it makes.
struct Node {
  std::string kind;
  Shape output;
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  // for the whole batch; biases and elementwise work do not count
  Attributes attributes = {};

  std::string path = {};         // filled in by Graph::add
  std::vector<int> inputs = {};  // likewise
  bool kept = false;             // Graph::keep
  Attributes training = {};      // Graph::note

  /// Whether the other computes the same, but for the values of its parameters.
  bool is_alike(const Node& other) const {
    return kind == other.kind && path == other.path && inputs == other.inputs &&
           output == other.output && parameters == other.parameters &&
           attributes == other.attributes;
  }

  /// The value of an attribute, or `missing`.
  double attribute(std::string_view name, double missing = 0.0) const {
    for (const auto& [key, value] : attributes) {
      if (key == name) return value;
    }
    return missing;
  }
};

/// Nodes in order of execution. A layer's describe(graph, input) adds its operations and returns
/// the index of the last.
class Graph {
 public:
  /// Node 0: the model's input.
  explicit Graph(const Shape& input) { nodes_.push_back({"input", input}); }

  int add(Node node, std::vector<int> inputs) {
    node.path = path_;
    node.inputs = std::move(inputs);
    nodes_.push_back(std::move(node));
    return static_cast<int>(nodes_.size()) - 1;
  }

  /// Describes a child under its name.
  template <class Layer>
  int enter(std::string_view name, const Layer& layer, int input) {
    const std::size_t length = path_.size();
    if (length > 0) path_ += '.';
    path_ += name;
    const int output = layer.describe(*this, input);
    path_.resize(length);
    return output;
  }

  /// Notes that a training step keeps the node's output for its backward pass.
  int keep(int node) {
    nodes_[static_cast<std::size_t>(node)].kept = true;
    return node;
  }

  /// Notes what happens to the node's output in training alone, as dropout, which is no operation
  /// of the model that is used.
  void note(int node, std::string_view name, double value) {
    nodes_[static_cast<std::size_t>(node)].training.emplace_back(name, value);
  }

  Shape shape(int node) const { return nodes_[static_cast<std::size_t>(node)].output; }
  const std::vector<Node>& nodes() const& { return nodes_; }
  std::vector<Node> nodes() && { return std::move(nodes_); }

  /// A line for each node: two models of the same lines and weights compute and train the same.
  std::string to_string() const {
    std::string lines;
    for (const Node& node : nodes_) {
      if (!lines.empty()) lines += '\n';
      lines +=
          concat("layer ", node.path, node.path.empty() ? "" : " ", node.kind, ' ', node.output);
      for (const Attributes* attributes : {&node.attributes, &node.training}) {
        for (const auto& [name, value] : *attributes) lines += concat(' ', name, ' ', value);
      }
      for (const int input : node.inputs) lines += concat(" of ", input);
    }
    return lines;
  }

 private:
  std::vector<Node> nodes_;
  std::string path_;
};

/// The graph of a model for an input of a given shape, (N, H, W, C).
template <class Model>
Graph describe(const Model& model, const Shape& input) {
  Graph graph(input);
  model.describe(graph, 0);
  return graph;
}

/// Layers, shapes, parameters and multiply-adds, ready to print.
struct Summary {
  Graph graph;
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  std::int64_t kept = 0;     // numbers that a training step keeps for its backward pass
  std::int64_t largest = 0;  // numbers of the largest output

  /// How many bytes training takes at its peak, to about a tenth: value, gradient and the
  /// optimiser's moments of every parameter; what is kept; tensors on their way, which come to some
  /// four or five like the largest; and the kernels' scratch memory. Data, an average of the
  /// weights and the program itself come on top.
  std::int64_t training_bytes(std::int64_t moments = 2,
                              std::int64_t number_bytes = sizeof(float)) const {
    constexpr std::int64_t scratch = 6 << 20;
    return ((2 + moments) * parameters + kept + 9 * largest / 2) * number_bytes + scratch;
  }

  std::string to_string() const {
    std::string text = row("layer", "kind", "output", "parameters", "multiply-adds");
    for (const Node& node : graph.nodes()) {
      text += row(node.path, node.kind, node.output.to_string(), text::grouped(node.parameters),
                  text::grouped(node.multiply_adds));
    }
    text += row("total", "", "", text::grouped(parameters), text::grouped(multiply_adds));
    return text + "training takes about " + text::grouped(training_bytes() >> 20) +
           " MiB at this batch size (float, two moments)\n";
  }

 private:
  static std::string row(std::string_view layer, std::string_view kind, std::string_view output,
                         std::string_view parameters, std::string_view multiply_adds) {
    std::string text;
    const auto left = [&](std::string_view cell, std::size_t width) {
      text += cell;
      text.append(cell.size() < width ? width - cell.size() : 1, ' ');
    };
    const auto right = [&](std::string_view cell, std::size_t width) {
      text.append(cell.size() < width ? width - cell.size() : 1, ' ');
      text += cell;
    };
    left(layer, 34), left(kind, 20), left(output, 24), right(parameters, 12);
    right(multiply_adds, 16);
    return text + '\n';
  }
};

/// Every operation of the model for an input of shape (N, H, W, C).
template <class Model>
Summary summary(const Model& model, const Shape& input) {
  Summary result{describe(model, input)};
  for (const Node& node : result.graph.nodes()) {
    result.parameters += node.parameters;
    result.multiply_adds += node.multiply_adds;
    result.kept += node.kept ? node.output.size() : 0;
    result.largest = std::max(result.largest, node.output.size());
  }
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::nn
