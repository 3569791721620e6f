// The header of a safetensors file: which tensors there are, of what, and where.
//
// JSON, with one object per tensor, {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}, and
// perhaps "__metadata__", strings by name.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"

namespace effv2::inline EFFV2_ISA::io {

/// Strings by name, as "__metadata__" has them.
using Metadata = std::map<std::string, std::string>;

/// What a tensor's numbers are, by the format's names. The eight-bit floats and complex numbers are
/// not read, but a file may have some beside what is.
enum class NumberType {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  f8_e4m3,
  f8_e5m2,
  f8_e8m0,
  c64
};

struct NumberTypeInfo {
  std::string_view name;
  std::int64_t bytes;
};
inline constexpr std::array<NumberTypeInfo, 17> number_types = {{{"F64", 8},
                                                                 {"F32", 4},
                                                                 {"F16", 2},
                                                                 {"BF16", 2},
                                                                 {"I64", 8},
                                                                 {"I32", 4},
                                                                 {"I16", 2},
                                                                 {"I8", 1},
                                                                 {"U64", 8},
                                                                 {"U32", 4},
                                                                 {"U16", 2},
                                                                 {"U8", 1},
                                                                 {"BOOL", 1},
                                                                 {"F8_E4M3", 1},
                                                                 {"F8_E5M2", 1},
                                                                 {"F8_E8M0", 1},
                                                                 {"C64", 8}}};
inline const NumberTypeInfo& info_of(NumberType type) {
  return number_types[static_cast<std::size_t>(type)];
}

/// One tensor of a file.
struct TensorEntry {
  NumberType type = NumberType::f32;
  std::vector<std::int64_t> shape;  // of any rank
  std::int64_t begin = 0, end = 0;  // of its bytes, from the end of the header

  std::int64_t size() const {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape) product *= extent;
    return product;
  }
};
using TensorEntries = std::map<std::string, TensorEntry>;

/// The longest header that is read.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;

namespace detail {

// The grammar of the header: JSON, as far as the format uses it. Objects are nested two deep and
// no deeper, so nothing recurses.
class SafetensorsHeader {
 public:
  SafetensorsHeader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  void parse(TensorEntries& entries, Metadata& metadata) {
    if (text_.empty() || text_[0] != '{') fail("expected '{'");
    bool has_metadata = false;
    parse_object([&](const std::string& name) {
      if (name == "__metadata__") {
        if (std::exchange(has_metadata, true)) fail("a second __metadata__");
        parse_object([&](const std::string& key) {
          if (!metadata.emplace(key, parse_string()).second) fail("a second \"" + key + '"');
        });
      } else if (!entries.emplace(name, parse_entry(name)).second) {
        fail("a second tensor \"" + name + '"');
      }
    });
    // Writers pad with spaces to keep the data aligned.
    skip_space();
    if (at_ < text_.size()) fail("bytes after the last brace");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw_error(ErrorCode::format, "[safetensors] ", file_, ", byte ",
                static_cast<std::int64_t>(at_ + 8), " (header): ", what);
  }

  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  char peek() {
    skip_space();
    if (at_ == text_.size()) fail("the header ends too early");
    return text_[at_];
  }
  void expect(char wanted) {
    if (peek() != wanted) fail(std::string("expected '") + wanted + '\'');
    ++at_;
  }

  // on_member(name) parses the value.
  template <class OnMember>
  void parse_object(OnMember&& on_member) {
    expect('{');
    if (peek() == '}') {
      ++at_;
      return;
    }
    for (;;) {
      const std::string name = parse_string();
      expect(':');
      on_member(name);
      if (peek() == '}') break;
      expect(',');
    }
    ++at_;
  }

  TensorEntry parse_entry(const std::string& name) {
    TensorEntry entry;
    std::string type;
    std::vector<std::int64_t> offsets;
    std::array<bool, 3> seen{};
    const auto once = [&](std::size_t member) {
      if (std::exchange(seen[member], true)) fail("a field of \"" + name + "\" twice");
    };
    parse_object([&](const std::string& member) {
      if (member == "dtype") {
        once(0), type = parse_string();
      } else if (member == "shape") {
        once(1), entry.shape = parse_numbers();
      } else if (member == "data_offsets") {
        once(2), offsets = parse_numbers();
      } else {
        fail("an unknown field \"" + member + "\" of \"" + name + '"');
      }
    });
    if (!(seen[0] && seen[1] && seen[2]))
      fail("\"" + name + "\" lacks dtype, shape or data_offsets");
    const auto found = std::find_if(number_types.begin(), number_types.end(),
                                    [&](const NumberTypeInfo& t) { return t.name == type; });
    if (found == number_types.end()) fail("\"" + name + "\" has the unknown dtype \"" + type + '"');
    entry.type = static_cast<NumberType>(found - number_types.begin());
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail("\"" + name + "\" needs two rising data_offsets");
    }
    entry.begin = offsets[0], entry.end = offsets[1];
    std::int64_t bytes = found->bytes;
    for (const std::int64_t extent : entry.shape) {
      if (__builtin_mul_overflow(bytes, extent, &bytes)) fail("\"" + name + "\" is too large");
    }
    if (bytes != entry.end - entry.begin) {
      fail("\"" + name + "\" has " + std::to_string(entry.end - entry.begin) +
           " bytes of data, its shape and dtype say " + std::to_string(bytes));
    }
    return entry;
  }

  std::vector<std::int64_t> parse_numbers() {
    std::vector<std::int64_t> numbers;
    expect('[');
    if (peek() == ']') {
      ++at_;
      return numbers;
    }
    for (;;) {
      numbers.push_back(parse_number());
      if (peek() == ']') break;
      expect(',');
    }
    ++at_;
    return numbers;
  }

  // A whole number >= 0.
  std::int64_t parse_number() {
    if (peek() < '0' || peek() > '9') fail("expected a whole number, not negative");
    const std::size_t first = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
          __builtin_add_overflow(value, std::int64_t{text_[at_] - '0'}, &value)) {
        fail("a number beyond 63 bits");
      }
    }
    if (text_[first] == '0' && at_ > first + 1) fail("a number that begins with 0");
    return value;
  }

  std::string parse_string() {
    expect('"');
    std::string value;
    for (;;) {
      if (at_ == text_.size()) fail("a string without an end");
      const char c = text_[at_++];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
      if (c == '\\') {
        parse_escape(value);
      } else {
        value += c;
      }
    }
    if (!text::is_utf8(value)) fail("a string that is not UTF-8");
    return value;
  }

  void parse_escape(std::string& value) {
    if (at_ == text_.size()) fail("a string without an end");
    constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const std::size_t place = from.find(c); place != from.npos) {
      value += to[place];
    } else if (c == 'u') {
      std::uint32_t code = parse_hexadecimal();
      if (code >= 0xDC00 && code < 0xE000) fail("half of a surrogate pair");
      if (code >= 0xD800 && code < 0xDC00) {
        if (text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
        at_ += 2;
        const std::uint32_t low = parse_hexadecimal();
        if (low < 0xDC00 || low >= 0xE000) fail("half of a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
      append_utf8(value, code);
    } else {
      fail("an unknown escape in a string");
    }
  }

  std::uint32_t parse_hexadecimal() {
    std::uint32_t code = 0;
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      constexpr std::string_view digits = "0123456789abcdef";
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const std::size_t value = digits.find(lower);
      if (value == digits.npos) fail("four hexadecimal digits wanted after \\u");
      code = code * 16 + static_cast<std::uint32_t>(value);
    }
    return code;
  }

  static void append_utf8(std::string& text, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    const auto tail = [&](int shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
      byte(code);
    } else if (code < 0x800) {
      byte(0xC0U | (code >> 6)), tail(0);
    } else if (code < 0x10000) {
      byte(0xE0U | (code >> 12)), tail(6), tail(0);
    } else {
      byte(0xF0U | (code >> 18)), tail(12), tail(6), tail(0);
    }
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
};

// The tensors' bytes follow one another without gaps from 0 to `bytes`.
inline void check_layout(const TensorEntries& entries, std::int64_t bytes,
                         const std::string& file) {
  std::vector<std::pair<const TensorEntry*, const std::string*>> order;
  for (const auto& [name, entry] : entries) order.emplace_back(&entry, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
  });
  std::int64_t position = 0;
  for (const auto& [entry, name] : order) {
    EFFV2_CHECK(entry->begin == position, ErrorCode::format, "[safetensors] ", file, ": \"", *name,
                "\" begins at byte ", entry->begin, " of the data, expected ", position,
                entry->begin < position ? " (an overlap)" : " (a gap)");
    position = entry->end;
  }
  EFFV2_CHECK(position == bytes, ErrorCode::format, "[safetensors] ", file, ": the tensors take ",
              position, " bytes, the file has ", bytes, " after its header");
}

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::io
