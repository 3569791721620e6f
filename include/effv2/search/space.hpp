// Which networks a search may propose: the stage-wise space of EfficientNetV2 (section 3.2).
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/shape.hpp"
#include "../models/block_spec.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// What is chosen for one stage. Channels and stride are the backbone's.
struct StageChoice {
  models::BlockKind kind = models::BlockKind::mbconv;
  int layers = 1, kernel = 3, expand = 1;

  auto operator<=>(const StageChoice&) const = default;
};

/// One network of a space: a choice for each stage.
struct Candidate {
  std::vector<StageChoice> stages;

  /// "F2k3e1-M3k5e6": the stages in order, F for Fused-MBConv or M for MBConv, then the number of
  /// layers, the kernel and the expansion. Two candidates are equal if their keys are.
  std::string key() const {
    std::string text;
    for (const StageChoice& stage : stages) {
      if (!text.empty()) text += '-';
      text +=
          concat(models::letter_of(stage.kind), stage.layers, 'k', stage.kernel, 'e', stage.expand);
    }
    return text;
  }

  /// The candidate of a key; Error(format) for a text that is none.
  static Candidate parse(std::string_view key);

  /// The backbone's table with these choices; Error(invalid_argument) for another number of stages.
  models::ModelSpec to_spec(models::ModelSpec backbone) const {
    EFFV2_CHECK(static_cast<int>(stages.size()) == backbone.stage_count,
                ErrorCode::invalid_argument, "[space] ", key(), " for a backbone of ",
                backbone.stage_count, " stages");
    for (std::size_t i = 0; i < stages.size(); ++i) {
      models::StageSpec& row = backbone.table[i];
      row.kind = stages[i].kind, row.repeats = stages[i].layers;
      row.kernel = stages[i].kernel, row.expand = stages[i].expand;
    }
    backbone.name = "searched";
    return backbone;
  }

  auto operator<=>(const Candidate&) const = default;
};

/// How many layers a stage may have.
struct LayerRange {
  int least = 1, most = 1;
};

/// So many layers as the backbone has, or up to `fewer` fewer (but one) or `more` more.
inline std::vector<LayerRange> layers_around(const models::ModelSpec& backbone, int fewer,
                                             int more) {
  std::vector<LayerRange> ranges;
  for (const models::StageSpec& stage : backbone.stages()) {
    ranges.push_back({std::max(1, stage.repeats - fewer), stage.repeats + more});
  }
  return ranges;
}

/// What there is to choose from. The default is the paper's: no pooling and no skipped operations.
struct SpaceOptions {
  std::vector<models::BlockKind> kinds = {models::BlockKind::mbconv,
                                          models::BlockKind::fused_mbconv};
  std::vector<int> kernels = {3, 5}, expansions = {1, 4, 6};
  std::vector<LayerRange> layers = {};  // one per stage; empty: one around the backbone's
};

/// All networks that differ from a backbone in kinds of block, layers, kernels and expansions.
///
/// A choice is numbered: stage by stage, the kind, the layers, the kernel, the expansion. Draws and
/// mutations are functions of (stream, sample), so a search can be cut and resumed anywhere.
class Space {
 public:
  explicit Space(const models::ModelSpec& backbone, const SpaceOptions& options = {})
      : backbone_(backbone) {
    const std::vector<LayerRange> layers =
        options.layers.empty() ? layers_around(backbone, 1, 1) : options.layers;
    EFFV2_CHECK(
        backbone.stage_count > 0 && layers.size() == static_cast<std::size_t>(backbone.stage_count),
        ErrorCode::invalid_argument, "[space] expected a range of layers for each of the ",
        backbone.stage_count, " stages, got ", layers.size());
    for (const std::vector<int>* values : {&options.kernels, &options.expansions}) {
      EFFV2_CHECK(std::all_of(values->begin(), values->end(), [](int value) { return value > 0; }),
                  ErrorCode::invalid_argument,
                  "[space] expected kernels and expansions of at least 1");
    }
    std::vector<int> kinds;
    for (const models::BlockKind kind : options.kinds) kinds.push_back(static_cast<int>(kind));
    for (const LayerRange& range : layers) {
      std::vector<int> counts;
      EFFV2_CHECK(range.least >= 1 && range.most >= range.least && range.most <= max_layers,
                  ErrorCode::invalid_argument, "[space] expected 1 to ", max_layers,
                  " layers, the least first, got ", range.least, " to ", range.most);
      for (int count = range.least; count <= range.most; ++count) counts.push_back(count);
      for (const auto& values : {kinds, counts, options.kernels, options.expansions}) {
        const std::set<int> different(values.begin(), values.end());
        EFFV2_CHECK(!values.empty() && different.size() == values.size(),
                    ErrorCode::invalid_argument,
                    "[space] expected at least one kind, kernel and expansion, each once");
        choices_.push_back(values);
      }
    }
    for (const auto& values : choices_) {
      const auto count = static_cast<std::int64_t>(values.size());
      size_ = size_ > max_size / count ? max_size : size_ * count;
    }
  }

  const models::ModelSpec& backbone() const { return backbone_; }

  /// The number of candidates; 2^63 - 1 if there are more.
  std::int64_t size() const { return size_; }

  bool contains(const Candidate& candidate) const {
    if (candidate.stages.size() * fields != choices_.size()) return false;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      if (place(candidate, i) == choices_[i].size()) return false;
    }
    return true;
  }

  /// Uniform over the space.
  Candidate draw(const RandomStream& random, std::uint32_t sample) const {
    Candidate candidate{std::vector<StageChoice>(choices_.size() / fields)};
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      const auto element = static_cast<std::uint32_t>(i);
      set(candidate, i, random.below(options(i), sample, element));
    }
    return candidate;
  }

  /// One choice, of those that there are, changed to another value; uniform over both.
  Candidate mutate(Candidate candidate, const RandomStream& random, std::uint32_t sample) const {
    EFFV2_CHECK(contains(candidate), ErrorCode::invalid_argument, "[space] ", candidate.key(),
                " is not in the space");
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      if (options(i) > 1) open.push_back(i);
    }
    if (open.empty()) return candidate;
    const std::size_t i = open[random.below(static_cast<std::uint32_t>(open.size()), sample, 0)];
    const auto step = 1 + random.below(options(i) - 1, sample, 1);
    set(candidate, i, (place(candidate, i) + step) % options(i));
    return candidate;
  }

  /// A few candidates that have, together, every block that any candidate has: all stages alike,
  /// and as many layers as there may be.
  std::vector<Candidate> covering() const {
    std::vector<Candidate> all(1, Candidate{std::vector<StageChoice>(choices_.size() / fields)});
    for (std::size_t field = 0; field < fields; ++field) {
      const bool is_layers = field == 1;
      std::vector<Candidate> more;
      for (std::size_t option = 0; option < (is_layers ? 1 : options(field)); ++option) {
        for (Candidate candidate : all) {
          for (std::size_t i = field; i < choices_.size(); i += fields) {
            set(candidate, i, is_layers ? options(i) - 1 : option);
          }
          more.push_back(candidate);
        }
      }
      all = std::move(more);
    }
    return all;
  }

  /// What a candidate has of the backbone and what there is to choose, a line each.
  std::string to_string() const {
    std::string text =
        concat("stem ", backbone_.stem, "\nhead ", backbone_.head, "\ndropout ", backbone_.dropout);
    for (std::size_t s = 0; s < choices_.size() / fields; ++s) {
      const models::StageSpec& row = backbone_.table[s];
      text += concat("\nstage ", row.in_channels, " ", row.out_channels, " stride ", row.stride);
      constexpr std::array<std::string_view, fields> names = {" kinds", " layers", " kernels",
                                                              " expansions"};
      for (std::size_t field = 0; field < fields; ++field) {
        text += names[field];
        for (const int value : choices_[s * fields + field]) text += concat(" ", value);
      }
    }
    return text;
  }

 private:
  static constexpr std::size_t fields = 4;  // of a StageChoice
  static constexpr int max_layers = 1000;
  static constexpr std::int64_t max_size = std::numeric_limits<std::int64_t>::max();

  std::uint32_t options(std::size_t i) const {
    return static_cast<std::uint32_t>(choices_[i].size());
  }

  // Which of its values choice i has; as many as there are if it has none of them.
  std::size_t place(const Candidate& candidate, std::size_t i) const {
    const StageChoice& stage = candidate.stages[i / fields];
    const std::array<int, fields> values = {static_cast<int>(stage.kind), stage.layers,
                                            stage.kernel, stage.expand};
    const std::vector<int>& all = choices_[i];
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), values[i % fields]) -
                                    all.begin());
  }

  void set(Candidate& candidate, std::size_t i, std::size_t option) const {
    StageChoice& stage = candidate.stages[i / fields];
    const int value = choices_[i][option];
    switch (i % fields) {
      case 0:
        stage.kind = static_cast<models::BlockKind>(value);
        break;
      case 1:
        stage.layers = value;
        break;
      case 2:
        stage.kernel = value;
        break;
      default:
        stage.expand = value;
    }
  }

  models::ModelSpec backbone_;
  std::vector<std::vector<int>> choices_;  // the values of each
  std::int64_t size_ = 1;
};

inline Candidate Candidate::parse(std::string_view key) {
  Candidate candidate;
  std::string_view rest = key;
  // A number after the letters that lead to it.
  const auto number = [&rest](char before, int& value) {
    if (rest.empty() || rest[0] != before) return false;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), value);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return error == std::errc{} && value >= 1;
  };
  do {
    StageChoice stage;
    const std::size_t kind = rest.empty() ? rest.npos : models::block_letters.find(rest[0]);
    if (kind == rest.npos || !number(rest[0], stage.layers) || !number('k', stage.kernel) ||
        !number('e', stage.expand)) {
      break;
    }
    stage.kind = static_cast<models::BlockKind>(kind);
    candidate.stages.push_back(stage);
    if (!rest.starts_with('-')) break;
    rest.remove_prefix(1);
  } while (candidate.stages.size() < models::ModelSpec::max_stages);
  // There is one way to write a candidate: no leading zeros, nothing before or after.
  EFFV2_CHECK(!candidate.stages.empty() && candidate.key() == key, ErrorCode::format,
              "[space] expected a candidate like F2k3e1-M3k5e6, got \"", key, "\"");
  return candidate;
}

}  // namespace effv2::inline EFFV2_ISA::search
