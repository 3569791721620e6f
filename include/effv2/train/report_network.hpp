// The part of a report that tells what the network is made of.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/text.hpp"
#include "../nn/graph.hpp"
#include "html.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// A block of a network, or several alike in a row.
struct Unit {
  std::string first, last;  // paths
  std::string operations;   // "conv 3 x 3 / 2, conv 1 x 1, add"
  Shape output;
  std::int64_t count = 1;
  std::int64_t parameters = 0, multiply_adds = 0;  // of all
};

namespace detail {

// The block of a node: "stem" of "stem.conv", "blocks.3" of "blocks.3.expand.conv".
inline std::string block_of(const std::string& path) {
  const std::size_t dot = path.find('.');
  if (dot == path.npos || dot + 1 == path.size()) return path;
  const std::size_t end = std::min(path.size(), path.find('.', dot + 1));
  const bool is_numbered = std::all_of(path.begin() + static_cast<std::ptrdiff_t>(dot) + 1,
                                       path.begin() + static_cast<std::ptrdiff_t>(end),
                                       [](unsigned char c) { return std::isdigit(c) != 0; });
  return path.substr(0, is_numbered ? end : dot);
}

inline constexpr std::string_view no_break = "\u00A0";  // a space

// What a reader wants to know of it; nothing of what is done to each number by itself.
inline std::string operation_of(const nn::Node& node) {
  const bool is_excitation = node.path.find("squeeze_excite") != std::string::npos;
  if (is_excitation) return node.kind == "scale_channels" ? "squeeze-excite" : "";
  const bool is_depthwise = node.kind == "depthwise_conv2d";
  if (is_depthwise || node.kind == "conv2d") {
    const double kernel = node.attribute("kernel", 1.0), stride = node.attribute("stride", 1.0);
    return concat(is_depthwise ? "depthwise" : "conv", no_break, kernel, "×", kernel,
                  stride > 1.0 ? concat(" / ", stride) : "");
  }
  if (node.kind == "add") return "shortcut";
  if (node.multiply_adds == 0 && node.kind.find("pool") == std::string::npos) return "";
  std::string words = node.kind;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace detail

/// Consecutive blocks that do the same to shapes that are the same are one unit.
inline std::vector<Unit> units(const nn::Summary& summary) {
  std::vector<Unit> blocks;
  for (const nn::Node& node : summary.graph.nodes()) {
    if (node.kind == "input") continue;
    const std::string block = detail::block_of(node.path);
    if (blocks.empty() || blocks.back().first != block) blocks.push_back({block, block, {}, {}});
    Unit& unit = blocks.back();
    const std::string operation = detail::operation_of(node);
    if (!operation.empty()) unit.operations += (unit.operations.empty() ? "" : ", ") + operation;
    unit.output = node.output;
    unit.parameters += node.parameters, unit.multiply_adds += node.multiply_adds;
  }
  std::vector<Unit> result;
  for (const Unit& block : blocks) {
    const bool is_alike = !result.empty() && result.back().operations == block.operations &&
                          result.back().output == block.output &&
                          result.back().parameters == block.parameters * result.back().count;
    if (!is_alike) {
      result.push_back(block);
      continue;
    }
    Unit& unit = result.back();
    unit.last = block.last, ++unit.count;
    unit.parameters += block.parameters, unit.multiply_adds += block.multiply_adds;
  }
  return result;
}

namespace detail {

// "28 × 28 × 1" of a picture (1, 28, 28, 1).
inline std::string extents(const Shape& shape) {
  std::string text;
  for (int axis = 1; axis < shape.rank(); ++axis)
    text += concat(axis > 1 ? " × " : "", shape[axis]);
  return text;
}

}  // namespace detail

/// Blocks, what they compute, and their part of the whole.
inline std::string network_section(const nn::Summary& summary) {
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
  };
  std::vector<std::vector<html::Cell>> rows{{{"block", false},
                                             {"operations", false},
                                             {"output"},
                                             {"parameters", true, 0.0},
                                             {"multiply-adds", true, 0.0}}};
  for (const Unit& unit : units(summary)) {
    const std::string last = unit.last.substr(unit.last.rfind('.') + 1);
    rows.push_back(
        {{unit.count > 1 ? concat(unit.first, " – ", last) : unit.first, false},
         {unit.count > 1 ? concat(unit.count, " × (", unit.operations, ")") : unit.operations,
          false},
         {detail::extents(unit.output)},
         {text::grouped(unit.parameters), true, share(unit.parameters, summary.parameters)},
         {text::grouped(unit.multiply_adds), true,
          share(unit.multiply_adds, summary.multiply_adds)}});
  }
  const std::vector<nn::Node>& nodes = summary.graph.nodes();
  const std::string input = nodes.empty() ? "" : detail::extents(nodes[0].output);
  return html::section(
      "Network",
      concat(text::grouped(summary.parameters), " parameters and ",
             text::in_short(static_cast<double>(summary.multiply_adds)),
             " multiply-adds for a picture of ", input, ". The bars are shares of the whole."),
      html::table(rows));
}

}  // namespace effv2::inline EFFV2_ISA::train
