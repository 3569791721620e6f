// A table as C++ source, so that what a search has found becomes a model like any other.
#pragma once

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../models/block_spec.hpp"

namespace effv2::inline EFFV2_ISA::search {

namespace detail {

inline bool is_made_of(std::string_view word, std::string_view others) {
  for (const char c : word) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && others.find(c) == others.npos) return false;
  }
  return !word.empty();
}

}  // namespace detail

/// The definition of a table as models/tables.hpp has them, and laid out alike; it needs
/// ModelSpec and the letters of the kinds of block in scope. Error(invalid_argument) for a text
/// that is no identifier; whether it is a keyword, or one of those, is for the caller to know.
inline std::string to_source(const models::ModelSpec& spec, std::string_view identifier) {
  EFFV2_CHECK(detail::is_made_of(identifier, "_") &&
                  !std::isdigit(static_cast<unsigned char>(identifier[0])),
              ErrorCode::invalid_argument,
              "[source] expected an identifier of letters, digits and _, got \"", identifier, '"');
  // It becomes a string literal as it is.
  EFFV2_CHECK(detail::is_made_of(spec.name, "_-"), ErrorCode::invalid_argument,
              "[source] expected a model's name of letters, digits, _ and -, got \"",
              std::string_view(spec.name), '"');
  const std::string head = concat("inline constexpr ModelSpec ", identifier, "{");
  const std::string next = ",\n" + std::string(head.size(), ' '), row_break = next + "  ";
  std::string text = concat(head, '"', spec.name, '"', next, spec.stem, next, spec.head, next);
  std::string_view before = "{{";
  for (const models::StageSpec& row : spec.stages()) {
    text += concat(before, "{", models::letter_of(row.kind));
    for (const int number :
         {row.repeats, row.kernel, row.stride, row.expand, row.in_channels, row.out_channels}) {
      text += concat(", ", number);
    }
    text += '}';
    before = row_break;
  }
  text += concat("}}", next, spec.stage_count, next, spec.dropout, next, spec.train_size, next,
                 spec.eval_size, "};\n");
  return text;
}

/// A header that has the table as `searched::identifier`, with a comment of one line above it:
///
///   #include "winner.hpp"
///   effv2::models::EfficientNet<float> model(searched::winner, {.in_channels = 1, .classes = 10});
inline std::string to_header(const models::ModelSpec& spec, std::string_view identifier,
                             std::string_view comment) {
  std::string letters;
  for (std::size_t i = 0; i < models::block_letters.size(); ++i) {
    letters += concat("inline constexpr BlockKind ", models::block_letters[i],
                      " = BlockKind::", models::block_names[i], ";\n");
  }
  return concat("// ", comment, R"(
#pragma once

#include <effv2/models/block_spec.hpp>

namespace searched {

using effv2::models::BlockKind;
using effv2::models::ModelSpec;

)",
                letters, R"(
// Rows: kind, repeats, kernel, stride, expand, in -> out.
)",
                to_source(spec, identifier), R"(
}  // namespace searched
)");
}

}  // namespace effv2::inline EFFV2_ISA::search
