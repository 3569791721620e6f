// The tables that models are built from.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../kernels/window.hpp"

namespace effv2::inline EFFV2_ISA::models {

/// A kind that is added: the compiler names every switch that has to know it.
enum class BlockKind { mbconv, fused_mbconv };

inline constexpr std::string_view block_names[] = {"mbconv", "fused_mbconv"};
constexpr std::string_view name_of(BlockKind kind) { return block_names[static_cast<int>(kind)]; }

/// The letters that the tables write for the kinds.
inline constexpr std::string_view block_letters = "MF";
constexpr char letter_of(BlockKind kind) { return block_letters[static_cast<std::size_t>(kind)]; }

/// One stage: `repeats` blocks, of which the first has the stride and takes in -> out channels.
struct StageSpec {
  BlockKind kind;
  int repeats, kernel, stride, expand;
  int in_channels, out_channels;

  /// "fused_mbconv 2 3 1 1 24 24": the fields in order.
  std::string to_string() const {
    return concat(name_of(kind), ' ', repeats, ' ', kernel, ' ', stride, ' ', expand, ' ',
                  in_channels, ' ', out_channels);
  }

  /// Throws Error(invalid_argument) unless each number is one that a block can have, and no larger
  /// than what a file may ask for: a small one must not make a large network.
  void validate() const {
    constexpr int most_repeats = 1000, most_expand = 64, most_channels = 1 << 16;
    constexpr auto most_kernel = static_cast<int>(kernels::max_kernel);
    const auto check = [](const char* name, int value, int most) {
      EFFV2_CHECK(value >= 1 && value <= most, ErrorCode::invalid_argument, "[model] expected ",
                  name, " of a stage in 1 ... ", most, ", got ", value);
    };
    check("repeats", repeats, most_repeats);
    check("the kernel", kernel, most_kernel), check("the stride", stride, most_kernel);
    check("the expansion", expand, most_expand);
    check("input channels", in_channels, most_channels);
    check("output channels", out_channels, most_channels);
  }
};

/// A name that a constant table can hold and that is its own memory.
class ModelName {
 public:
  static constexpr std::size_t capacity = 47;

  constexpr ModelName() = default;
  constexpr ModelName(const char* name) : ModelName(std::string_view(name)) {}
  constexpr ModelName(std::string_view name) : size_(name.size()) {
    EFFV2_CHECK(size_ <= capacity, ErrorCode::invalid_argument, "[model] a name of more than ",
                capacity, " bytes: \"", name, '"');
    std::copy(name.begin(), name.end(), text_.begin());
  }
  constexpr operator std::string_view() const { return {text_.data(), size_}; }
  friend constexpr bool operator==(const ModelName& a, std::string_view b) {
    return std::string_view(a) == b;
  }

 private:
  std::array<char, capacity> text_{};
  std::size_t size_ = 0;
};

/// A whole model, scaled.
struct ModelSpec {
  static constexpr int max_stages = 7;

  ModelName name;
  int stem = 32, head = 1280;
  std::array<StageSpec, max_stages> table{};
  int stage_count = 0;
  double dropout = 0.2;
  int train_size = 224, eval_size = 224;  // pixels, of the paper

  constexpr std::span<const StageSpec> stages() const {
    return {table.data(), static_cast<std::size_t>(stage_count)};
  }
  constexpr int blocks() const {
    int count = 0;
    for (const StageSpec& stage : stages()) count += stage.repeats;
    return count;
  }

  /// This table, or Error(invalid_argument): no network can be built of it.
  const ModelSpec& validated() const {
    EFFV2_CHECK(stage_count >= 1 && stage_count <= max_stages && stem >= 1 && head >= 1,
                ErrorCode::invalid_argument, "[model] expected 1 to ", max_stages,
                " stages, a stem and a head, got ", stage_count, ", ", stem, " and ", head);
    int channels = stem;
    for (const StageSpec& stage : stages()) {
      stage.validate();
      EFFV2_CHECK(stage.in_channels == channels, ErrorCode::invalid_argument,
                  "[model] a stage takes ", stage.in_channels,
                  " channels where the one before has ", channels);
      channels = stage.out_channels;
    }
    return *this;
  }
};

/// c scaled by width and rounded to a multiple of 8, at least 8. EfficientNet V1 goes up once more
/// where rounding took away over 10 %; the official V2 code does not.
constexpr int scale_channels(int channels, double width, bool ten_percent_rule) {
  const double scaled = channels * width;
  int rounded = static_cast<int>(scaled + 4.0) / 8 * 8;
  if (rounded < 8) rounded = 8;
  if (ten_percent_rule && rounded < 0.9 * scaled) rounded += 8;
  return rounded;
}

/// ceil(depth repeats)
constexpr int scale_repeats(int repeats, double depth) {
  const double scaled = repeats * depth;
  const int floor = static_cast<int>(scaled);
  return floor + (scaled - floor > 1e-9 ? 1 : 0);
}

/// Compound scaling (EfficientNet, Tan & Le 2019) of a base table.
constexpr ModelSpec scale(ModelSpec base, std::string_view name, double width, double depth,
                          double dropout, int train_size, int eval_size, bool ten_percent_rule) {
  base.name = name;
  base.stem = scale_channels(base.stem, width, ten_percent_rule);
  base.head = scale_channels(base.head, width, ten_percent_rule);
  for (StageSpec& stage : base.table) {
    stage.repeats = scale_repeats(stage.repeats, depth);
    stage.in_channels = scale_channels(stage.in_channels, width, ten_percent_rule);
    stage.out_channels = scale_channels(stage.out_channels, width, ten_percent_rule);
  }
  base.dropout = dropout, base.train_size = train_size, base.eval_size = eval_size;
  return base;
}

}  // namespace effv2::inline EFFV2_ISA::models
