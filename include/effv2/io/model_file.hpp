// A trained network in one file that says what it is: load_model rebuilds it from the file alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/text.hpp"
#include "../models/block_spec.hpp"
#include "../models/efficientnet.hpp"
#include "../version.hpp"
#include "parameter_names.hpp"
#include "safetensors.hpp"
#include "weights.hpp"

namespace effv2::inline EFFV2_ISA::io {

/// What a program has to know to use a network, besides the network.
struct ModelCard {
  std::vector<std::string> class_names = {};      // empty, or one per class
  PictureSize image_size = {};                    // by default any
  std::vector<double> mean = {}, deviation = {};  // of pixels in [0, 1], as LoaderOptions has them

  /// What a class is called: by its number where classes have no names.
  std::string class_name(std::int64_t label) const {
    EFFV2_CHECK(label >= 0, ErrorCode::invalid_argument, "[model] no class ", label);
    const auto index = static_cast<std::size_t>(label);
    return index < class_names.size() ? class_names[index] : concat(label);
  }

  /// Throws Error(invalid_argument) unless it can be true of a network of so many input channels
  /// and classes.
  void validate(std::int64_t channels, std::int64_t classes) const {
    const auto names = static_cast<std::int64_t>(class_names.size());
    EFFV2_CHECK(names == 0 || names == classes, ErrorCode::invalid_argument, "[model] ", names,
                " class names for ", classes, " classes");
    for (const std::string& name : class_names) {
      EFFV2_CHECK(text::is_name(name), ErrorCode::invalid_argument,
                  "[model] a class name with a line break, or that is not UTF-8: \"", name, '"');
    }
    image_size.validated();
    constexpr std::int64_t most_pixels = 1 << 24;  // a small file makes no large picture
    EFFV2_CHECK(image_size.height <= most_pixels / std::max<std::int64_t>(1, image_size.width),
                ErrorCode::invalid_argument, "[model] pictures of ", image_size,
                " pixels, and at most ", most_pixels, " are supported");
    EFFV2_CHECK(mean.empty() == deviation.empty(), ErrorCode::invalid_argument,
                "[model] a mean without a deviation, or the other way round");
    for (const std::vector<double>* list : {&mean, &deviation}) {
      const auto numbers = static_cast<std::int64_t>(list->size());
      EFFV2_CHECK(numbers <= 1 || numbers == channels, ErrorCode::invalid_argument, "[model] ",
                  numbers, " means or deviations for ", channels, " channels");
      for (const double value : *list) {
        EFFV2_CHECK(
            std::isfinite(value) && (list == &mean || value > 0.0), ErrorCode::invalid_argument,
            "[model] a mean that is not finite, or a deviation that is not above 0: ", value);
      }
    }
  }
  bool operator==(const ModelCard&) const = default;
};

template <class T>
struct LoadedModel {
  models::EfficientNet<T> model;
  ModelCard card;
};

namespace detail {

// Metadata are strings: lists have a separator.
template <class List, class ToText>
std::string joined(const List& list, char separator, ToText&& text_of) {
  std::string text;
  bool first = true;
  for (const auto& item : list) {
    if (!std::exchange(first, false)) text += separator;
    text += text_of(item);
  }
  return text;
}

inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The metadata of one file, with errors that name it.
class CardReader {
 public:
  explicit CardReader(const SafetensorsFile& file) : file_(file) {}

  std::string_view text(const char* key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) fail(key, "is missing");
    return found->second;
  }
  template <class Number>
  Number parsed(const char* key, std::string_view word) const {
    const std::optional<Number> value = text::parse_number<Number>(word);
    if (!value) fail(key, concat("is no number: \"", word, "\""));
    return *value;
  }
  template <class Number>
  Number number(const char* key) const {
    return parsed<Number>(key, text(key));
  }
  /// One that files of earlier versions do not have.
  template <class Number>
  Number number_or(const char* key, Number missing) const {
    return file_.metadata().contains(key) ? number<Number>(key) : missing;
  }
  template <class Kind>
  Kind choice(const char* key, std::span<const std::string_view> names) const {
    const std::optional<Kind> kind = text::kind_named<Kind>(names, text(key));
    if (!kind) fail(key, concat("is unknown: \"", text(key), "\""));
    return *kind;
  }
  [[noreturn]] void fail(const char* key, const std::string& what) const {
    throw_error(ErrorCode::format, "[model] ", file_.name(), ": metadata ", key, ' ', what);
  }

 private:
  const SafetensorsFile& file_;
};

// The row of a table that StageSpec::to_string has written.
inline models::StageSpec parse_row(const CardReader& card, const char* key, std::string_view text) {
  const std::vector<std::string_view> words = split(text, ' ');
  const auto kind =
      text::kind_named<models::BlockKind>(models::block_names, words.empty() ? "" : words[0]);
  if (words.size() != 7 || !kind) {
    card.fail(key, concat("has a row that is none: \"", text, "\""));
  }
  const auto number = [&](std::size_t i) { return card.parsed<int>(key, words[i]); };
  return {*kind, number(1), number(2), number(3), number(4), number(5), number(6)};
}

inline models::ModelSpec parse_spec(const CardReader& card) {
  models::ModelSpec spec;
  const std::string_view name = card.text("effv2.model");
  for (const models::ModelSpec& known : models::all_models) {
    if (known.name == name) spec = known;  // with what the file does not say
  }
  if (name.size() > models::ModelName::capacity) card.fail("effv2.model", "is too long");
  spec.name = name;
  spec.stem = card.number<int>("effv2.stem");
  const auto rows = split(card.text("effv2.table"), ';');
  if (rows.empty() || rows.size() > spec.table.size())
    card.fail("effv2.table", "has no 1 to 7 rows");
  spec.stage_count = static_cast<int>(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    spec.table[i] = parse_row(card, "effv2.table", rows[i]);
  }
  try {
    return spec.validated();
  } catch (const Error& error) {
    card.fail("effv2.table", error.what());
  }
}

// At least so many weights a network has: the largest product of every block.
inline double least_weights(const models::ModelSpec& spec, const models::EfficientNetOptions& o) {
  const double last = spec.stages().back().out_channels;
  double count = 9.0 * static_cast<double>(o.in_channels) * spec.stem +
                 static_cast<double>(o.head) * (last + static_cast<double>(o.classes));
  for (const models::StageSpec& row : spec.stages()) {
    for (int i = 0; i < row.repeats; ++i) {
      const double in = i == 0 ? row.in_channels : row.out_channels, out = row.out_channels;
      const double hidden = in * row.expand, taps = row.kernel * row.kernel;
      const bool expands = row.expand != 1;
      switch (row.kind) {
        case models::BlockKind::mbconv:  // its squeeze has in / 4 channels, or one
          count += hidden * std::max({expands ? in : 0.0, out, in / 4.0});
          break;
        case models::BlockKind::fused_mbconv:
          count += expands ? hidden * std::max(taps * in, out) : taps * in * out;
          break;
      }
    }
  }
  return count;
}

// Throws Error(unsupported) unless the model is what its table and options build: a part of it may
// have been exchanged. Of pictures large enough for any padding.
template <class T>
EFFV2_SETUP void check_as_built(const models::EfficientNet<T>& model) {
  const models::EfficientNetOptions& o = model.options;
  EFFV2_CHECK(model.blocks.size() > 0, ErrorCode::invalid_argument,
              "[model] has no blocks: it was moved from");
  const Shape pictures{1, 4096, 4096, o.in_channels};
  const nn::Graph built = nn::describe(models::EfficientNet<T>(model.spec, o), pictures);
  const nn::Graph present = nn::describe(model, pictures);
  for (std::size_t i = 0; i < std::max(built.nodes().size(), present.nodes().size()); ++i) {
    const bool is_there = i < present.nodes().size();
    const bool is_alike =
        is_there && i < built.nodes().size() && built.nodes()[i].is_alike(present.nodes()[i]);
    EFFV2_CHECK(is_alike, ErrorCode::unsupported, "[model] ",
                is_there ? present.nodes()[i].path : built.nodes()[i].path,
                " is not what the model's table and options say, which a file is rebuilt from; "
                "nothing is saved (io::add_weights saves the weights of any model)");
  }
}

}  // namespace detail

/// What load_model needs besides the weights: architecture, options and card.
template <class T>
EFFV2_SETUP Metadata model_metadata(const models::EfficientNet<T>& model,
                                    const ModelCard& card = {},
                                    Naming naming = Naming::torchvision) {
  const models::EfficientNetOptions& o = model.options;
  card.validate(o.in_channels, o.classes);
  const auto number = [](double value) { return concat(value); };
  return {{"format", "pt"},
          {"effv2.version", EFFV2_VERSION_STRING},
          {"effv2.model", std::string(model.spec.name)},
          {"effv2.table", detail::joined(model.spec.stages(), ';',
                                         [](const auto& stage) { return stage.to_string(); })},
          {"effv2.stem", concat(model.spec.stem)},
          {"effv2.head", concat(model.head.bn.options.channels)},
          {"effv2.in_channels", concat(o.in_channels)},
          {"effv2.classes", concat(o.classes)},
          {"effv2.stem_stride", concat(o.stem_stride)},
          {"effv2.dropout", concat(model.built_dropout())},
          {"effv2.drop_path", concat(o.drop_path)},
          {"effv2.activation", std::string(kernels::name_of(o.defaults.activation))},
          {"effv2.padding", std::string(kernels::name_of(o.defaults.padding))},
          {"effv2.bn_epsilon", concat(o.defaults.bn_epsilon)},
          {"effv2.bn_momentum", concat(o.defaults.bn_momentum)},
          {"effv2.branch_gamma", concat(o.defaults.branch_gamma)},
          {"effv2.classifier_scale", concat(o.classifier_scale)},
          {"effv2.naming", std::string(name_of(naming))},
          {"effv2.image_size", concat(card.image_size)},
          {"effv2.mean", detail::joined(card.mean, ' ', number)},
          {"effv2.deviation", detail::joined(card.deviation, ' ', number)},
          {"effv2.class_names",
           detail::joined(card.class_names, '\n', [](const std::string& name) { return name; })}};
}

/// Everything that load_model needs: metadata, and all weights and statistics as tensors; under
/// torchvision's names and layouts, so that Python reads them as well. Throws Error(non_finite) if
/// a weight is not or a variance is below 0, since load_model would refuse it, and
/// Error(unsupported) if a part of the network was exchanged for one that its table and options do
/// not say.
///
/// The file has no checksum, which a program that changes tensors and keeps the metadata would make
/// wrong. For one that nobody changes:
///   io::SafetensorsWriter writer = io::encode_model(model, card);
///   writer.has_checksum = true;  // load_model then holds it against the file
///   writer.write(path);
template <class T>
EFFV2_SETUP SafetensorsWriter encode_model(const models::EfficientNet<T>& model,
                                           const ModelCard& card = {},
                                           Naming naming = Naming::torchvision) {
  detail::check_as_built(model);
  SafetensorsWriter writer;
  writer.metadata = model_metadata(model, card, naming);
  nn::for_each_variable(model, [](const std::string& path, const auto& variable) {
    EFFV2_CHECK(is_finite<T>(variable.value()), ErrorCode::non_finite, "[model] ", path,
                " holds a number that is not finite; nothing is saved");
    EFFV2_CHECK(!detail::is_variance(path) ||
                    std::ranges::all_of(variable.value(), [](T value) { return value >= T{}; }),
                ErrorCode::non_finite, "[model] ", path,
                " holds a variance below 0; nothing is saved");
  });
  add_weights(writer, model, naming);
  return writer;
}
template <class T>
void save_model(const std::string& path, const models::EfficientNet<T>& model,
                const ModelCard& card = {}, Naming naming = Naming::torchvision) {
  encode_model(model, card, naming).write(path);
}

/// Whether the file was written by save_model.
inline bool says_what_it_is(const SafetensorsFile& file) {
  return file.metadata().contains("effv2.model");
}

/// Throws Error(format) where the file does not say what it is, or says it wrongly.
template <class T>
EFFV2_SETUP LoadedModel<T> load_model(const SafetensorsFile& file) {
  const detail::CardReader reader(file);
  models::EfficientNetOptions o;
  const models::ModelSpec spec = detail::parse_spec(reader);
  o.head = reader.number<std::int64_t>("effv2.head");
  o.in_channels = reader.number<std::int64_t>("effv2.in_channels");
  o.classes = reader.number<std::int64_t>("effv2.classes");
  o.stem_stride = reader.number<std::int64_t>("effv2.stem_stride");
  if (o.head < 1 || o.in_channels < 1 || o.classes < 1) {
    reader.fail("effv2.head", "in_channels or classes is below 1");
  }
  o.dropout = reader.number<double>("effv2.dropout");
  o.drop_path = reader.number<double>("effv2.drop_path");
  o.defaults.activation =
      reader.choice<nn::ActivationKind>("effv2.activation", kernels::activation_names);
  o.defaults.padding = reader.choice<nn::Padding>("effv2.padding", kernels::padding_names);
  o.defaults.bn_epsilon = reader.number<double>("effv2.bn_epsilon");
  o.defaults.bn_momentum = reader.number<double>("effv2.bn_momentum");
  o.defaults.branch_gamma = reader.number_or("effv2.branch_gamma", o.defaults.branch_gamma);
  o.classifier_scale = reader.number_or("effv2.classifier_scale", o.classifier_scale);
  const Naming naming = reader.choice<Naming>("effv2.naming", naming_names);

  // A small file must not make a large network.
  double held = 0.0;
  for (const auto& [name, entry] : file.entries()) held += static_cast<double>(entry.size());
  if (detail::least_weights(spec, o) > held) {
    reader.fail("effv2.table", "describes a network of more weights than the file has");
  }
  std::optional<models::EfficientNet<T>> model;
  try {
    model.emplace(spec, o);
  } catch (const Error& error) {
    reader.fail("effv2", error.what());
  }
  LoadedModel<T> loaded{*std::move(model), {}};
  load_weights(loaded.model, file, {.naming = naming});

  ModelCard& card = loaded.card;
  for (const auto& [key, list] :
       {std::pair{"effv2.mean", &card.mean}, std::pair{"effv2.deviation", &card.deviation}}) {
    for (const std::string_view word : detail::split(reader.text(key), ' ')) {
      list->push_back(reader.parsed<double>(key, word));
    }
  }
  for (const std::string_view name : detail::split(reader.text("effv2.class_names"), '\n')) {
    card.class_names.emplace_back(name);
  }
  try {
    card.image_size = PictureSize::parse(reader.text("effv2.image_size"));
    card.validate(o.in_channels, o.classes);
  } catch (const Error& error) {
    reader.fail("effv2", error.what());
  }
  return loaded;
}
template <class T>
LoadedModel<T> load_model(const std::string& path) {
  return load_model<T>(SafetensorsFile::read(path));
}

}  // namespace effv2::inline EFFV2_ISA::io
