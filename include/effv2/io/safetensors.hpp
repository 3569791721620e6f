// Reads and writes safetensors, the format in which PyTorch's world passes weights on.
//
//   u64 N, little endian | N bytes of header | the tensors' bytes, little endian
//
// Everything is checked before a tensor is handed out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/atomic_file.hpp"
#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "checksum.hpp"
#include "safetensors_header.hpp"

namespace effv2::inline EFFV2_ISA::io {

static_assert(std::endian::native == std::endian::little, "safetensors are read as they lie");

namespace detail {

inline float from_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16, exponent = (bits >> 10) & 31U;
  const std::uint32_t fraction = bits & 1023U;
  if (exponent == 0) {  // zero or below the smallest normal number
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

inline float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

// To nearest, ties to even; NaN stays NaN.
inline std::uint16_t to_bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

// Numbers of type From, as they lie, to T.
template <class From, class T, class Convert>
void convert_numbers(const std::uint8_t* bytes, Tensor<T>& target, Convert&& convert) {
  for (std::int64_t i = 0; i < target.size(); ++i) {
    From value;
    std::memcpy(&value, bytes + i * static_cast<std::int64_t>(sizeof(From)), sizeof(From));
    target[i] = convert(value);
  }
}

}  // namespace detail

/// A safetensors file, read and checked.
class SafetensorsFile {
 public:
  /// Throws Error(format) with file, place and reason, or Error(io); allocates no more than the
  /// source can have bytes, and for the header (of at most 100 MB) some ten times its length.
  EFFV2_SETUP static SafetensorsFile read(ByteSource& source) {
    SafetensorsFile file;
    const std::string& name = source.name();
    std::array<std::uint8_t, 8> prefix{};
    EFFV2_CHECK(source.read(prefix) == prefix.size(), ErrorCode::format, "[safetensors] ", name,
                ": expected 8 bytes of header length, the file has fewer");
    const auto length = std::bit_cast<std::uint64_t>(prefix);
    EFFV2_CHECK(length <= max_safetensors_header && length <= source.bytes_at_most(),
                ErrorCode::format, "[safetensors] ", name, ", byte 0: a header of ", length,
                " bytes, expected at most ",
                std::min(max_safetensors_header, source.bytes_at_most()));
    std::vector<std::uint8_t> header(static_cast<std::size_t>(length));
    EFFV2_CHECK(source.read(header) == header.size(), ErrorCode::format, "[safetensors] ", name,
                ": the file ends within its header");
    detail::SafetensorsHeader({reinterpret_cast<const char*>(header.data()), header.size()}, name)
        .parse(file.entries_, file.metadata_);

    std::int64_t bytes = 0;
    for (const auto& [key, entry] : file.entries_) bytes = std::max(bytes, entry.end);
    EFFV2_CHECK(static_cast<std::uint64_t>(bytes) <= source.bytes_at_most(), ErrorCode::format,
                "[safetensors] ", name, ": the header promises ", bytes,
                " bytes of tensors, the file is shorter");
    detail::check_layout(file.entries_, bytes, name);
    file.data_.resize(static_cast<std::size_t>(bytes));
    EFFV2_CHECK(source.read(file.data_) == file.data_.size(), ErrorCode::format, "[safetensors] ",
                name, ": the header promises ", bytes, " bytes of tensors, the file is shorter");
    EFFV2_CHECK(source.read(std::span(prefix).first(1)) == 0, ErrorCode::format, "[safetensors] ",
                name, ": bytes after the last tensor");
    if (file.has_checksum()) file.verify(std::move(header), name);
    file.name_ = name;
    return file;
  }
  static SafetensorsFile read(const std::string& path) { return read(*open_file(path)); }

  /// What errors call it.
  const std::string& name() const { return name_; }
  const Metadata& metadata() const { return metadata_; }
  const TensorEntries& entries() const { return entries_; }
  /// Whether it has a checksum, which then is right.
  bool has_checksum() const { return metadata_.contains(Checksum::key); }
  bool contains(const std::string& tensor) const { return entries_.contains(tensor); }

  /// Whether get<T> reads this tensor: its numbers are of T's kind, and its extents not too many.
  template <class T>
  bool is_readable_as(const std::string& tensor) const {
    const TensorEntry& entry = entry_of(tensor);
    Tensor<T> none;
    return entry.shape.size() <= Shape::max_rank && convert(entry.type, data_.data(), none);
  }

  /// A tensor as numbers of type T: floats of every width become a float T, integers of every width
  /// an integer T that can hold them.
  template <class T>
  Tensor<T> get(const std::string& tensor) const {
    const TensorEntry& entry = entry_of(tensor);
    EFFV2_CHECK(entry.shape.size() <= Shape::max_rank, ErrorCode::unsupported, "[safetensors] ",
                name_, ": \"", tensor, "\" has ", entry.shape.size(), " extents, expected at most ",
                Shape::max_rank);
    Shape shape;
    for (const std::int64_t extent : entry.shape) shape.append(extent);
    Tensor<T> result = flat<T>(tensor);
    result.reshape(shape);
    return result;
  }

  /// The same in one row, whatever the rank.
  template <class T>
  Tensor<T> flat(const std::string& tensor) const {
    const TensorEntry& entry = entry_of(tensor);
    Tensor<T> result = Tensor<T>::uninitialized({entry.size()});
    EFFV2_CHECK(convert(entry.type, data_.data() + entry.begin, result), ErrorCode::unsupported,
                "[safetensors] ", name_, ": \"", tensor, "\" holds ", info_of(entry.type).name,
                ", which is of another kind than what is wanted");
    return result;
  }

 private:
  const TensorEntry& entry_of(const std::string& tensor) const {
    const auto found = entries_.find(tensor);
    EFFV2_CHECK(found != entries_.end(), ErrorCode::format, "[safetensors] ", name_,
                ": no tensor \"", tensor, '"');
    return found->second;
  }

  void verify(std::vector<std::uint8_t> header, const std::string& name) const {
    std::string text(header.begin(), header.end());
    Checksum::fill_in(text, Checksum::blank);
    Checksum sum;
    sum.add(bytes_of(text));
    sum.add(data_);
    EFFV2_CHECK(sum.to_string() == metadata_.at(Checksum::key), ErrorCode::format, "[safetensors] ",
                name, ": damaged, its bytes do not have its checksum");
  }

  template <class T>
  static bool convert(NumberType type, const std::uint8_t* bytes, Tensor<T>& target) {
    const auto cast = [](auto value) { return static_cast<T>(value); };
    if constexpr (std::is_floating_point_v<T>) {
      switch (type) {
        case NumberType::f64:
          return detail::convert_numbers<double>(bytes, target, cast), true;
        case NumberType::f32:
          return detail::convert_numbers<float>(bytes, target, cast), true;
        case NumberType::f16:
          return detail::convert_numbers<std::uint16_t>(
                     bytes, target, [&](std::uint16_t v) { return cast(detail::from_half(v)); }),
                 true;
        case NumberType::bf16:
          return detail::convert_numbers<std::uint16_t>(
                     bytes, target, [&](std::uint16_t v) { return cast(detail::from_bfloat(v)); }),
                 true;
        default:
          return false;
      }
    } else {
      const auto as = [&]<class From>(From) {
        constexpr bool holds =
            std::numeric_limits<From>::max() <= std::numeric_limits<T>::max() &&
            std::numeric_limits<From>::is_signed <= std::numeric_limits<T>::is_signed;
        if constexpr (holds) detail::convert_numbers<From>(bytes, target, cast);
        return holds;
      };
      switch (type) {
        case NumberType::i64:
          return as(std::int64_t{});
        case NumberType::i32:
          return as(std::int32_t{});
        case NumberType::i16:
          return as(std::int16_t{});
        case NumberType::i8:
          return as(std::int8_t{});
        case NumberType::u64:
          return as(std::uint64_t{});
        case NumberType::u32:
          return as(std::uint32_t{});
        case NumberType::u16:
          return as(std::uint16_t{});
        case NumberType::u8:
        case NumberType::boolean:
          return as(std::uint8_t{});
        default:
          return false;
      }
    }
  }

  std::string name_;
  Metadata metadata_;
  TensorEntries entries_;
  std::vector<std::uint8_t> data_;
};

/// Collects tensors and writes them as one file.
class SafetensorsWriter {
 public:
  Metadata metadata;
  /// Writes a checksum into the metadata, which readers of this library hold against the file. Not
  /// for weights: a program that changes tensors and keeps the metadata would make it wrong.
  bool has_checksum = false;

  /// A copy of the values (float, double, std::int64_t or std::uint8_t); each name once.
  template <class T>
  void add(const std::string& name, View<const T> values, const Shape& shape) {
    append(name, type_of<T>(), values.data(), values.size(), shape, Keep::copy);
  }
  template <class T>
  void add(const std::string& name, const Tensor<T>& values) {
    add<T>(name, values.view(), values.shape());
  }

  /// The values themselves, which must stay as they are until the file is written.
  template <class T>
  void borrow(const std::string& name, const Tensor<T>& values) {
    append(name, type_of<T>(), values.data(), values.size(), values.shape(), Keep::pointer);
  }

  /// The values rounded to bfloat16: half of the bytes, three digits.
  void add_bfloat16(const std::string& name, View<const float> values, const Shape& shape) {
    std::vector<std::uint16_t> rounded;
    for (std::int64_t i = 0; i < values.size(); ++i) {
      rounded.push_back(detail::to_bfloat(values[i]));
    }
    append(name, NumberType::bf16, rounded.data(), values.size(), shape, Keep::copy);
  }

  std::vector<std::uint8_t> encode() const {
    std::vector<std::uint8_t> file;
    write_to([&](std::span<const std::uint8_t> bytes) {
      file.insert(file.end(), bytes.begin(), bytes.end());
    });
    return file;
  }

  /// Replaces `path` in one step.
  void write(const std::string& path) const {
    AtomicFile file(path);
    write_to([&](std::span<const std::uint8_t> bytes) { file.write(bytes); });
    file.commit();
  }

 private:
  enum class Keep { copy, pointer };
  struct Item {
    std::string name;
    NumberType type;
    Shape shape;
    std::vector<std::uint8_t> copy;      // or
    std::span<const std::uint8_t> view;  // of somebody else's

    std::span<const std::uint8_t> bytes() const { return copy.empty() ? view : copy; }
  };

  template <class T>
  static constexpr NumberType type_of() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> ||
                  std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint8_t>);
    return std::is_same_v<T, float>          ? NumberType::f32
           : std::is_same_v<T, double>       ? NumberType::f64
           : std::is_same_v<T, std::int64_t> ? NumberType::i64
                                             : NumberType::u8;
  }

  EFFV2_SETUP void append(const std::string& name, NumberType type, const void* numbers,
                          std::int64_t size, const Shape& shape, Keep keep) {
    EFFV2_CHECK(shape.size() == size, ErrorCode::shape_mismatch, "[safetensors] \"", name,
                "\": ", size, " numbers do not make ", shape);
    EFFV2_CHECK(name != "__metadata__" && names_.insert(name).second, ErrorCode::invalid_argument,
                "[safetensors] a second tensor \"", name, '"');
    const std::span bytes(static_cast<const std::uint8_t*>(numbers),
                          static_cast<std::size_t>(size * info_of(type).bytes));
    Item item{name, type, shape, {}, bytes};
    if (keep == Keep::copy) item.copy.assign(bytes.begin(), bytes.end());
    items_.push_back(std::move(item));
  }

  // Tensors of the largest numbers first, then by name.
  std::vector<const Item*> ordered() const {
    std::vector<const Item*> order;
    for (const auto& item : items_) order.push_back(&item);
    std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) {
      const std::int64_t x = info_of(a->type).bytes, y = info_of(b->type).bytes;
      return x != y ? x > y : a->name < b->name;
    });
    return order;
  }

  // Padded to 8 bytes.
  EFFV2_SETUP std::string header(const std::vector<const Item*>& order) const {
    Metadata all = metadata;
    if (has_checksum) all[Checksum::key] = Checksum::blank;
    std::string text = "{";
    if (!all.empty()) {
      text += "\"__metadata__\":{";
      for (const auto& [key, value] : all) {
        if (text.back() != '{') text += ',';
        text::append_json_string(text, key);
        text += ':';
        text::append_json_string(text, value);
      }
      text += '}';
    }
    std::size_t position = 0;
    for (const Item* item : order) {
      if (text.size() > 1) text += ',';
      append_entry(text, *item, position);
      position += item->bytes().size();
    }
    text += '}';
    return text.append((8 - text.size() % 8) % 8, ' ');
  }

  static void append_entry(std::string& header, const Item& item, std::size_t position) {
    text::append_json_string(header, item.name);
    header += ":{\"dtype\":\"";
    header += info_of(item.type).name;
    header += "\",\"shape\":[";
    for (int axis = 0; axis < item.shape.rank(); ++axis) {
      if (axis > 0) header += ',';
      header += std::to_string(item.shape[axis]);
    }
    header += "],\"data_offsets\":[" + std::to_string(position) + ',' +
              std::to_string(position + item.bytes().size()) + "]}";
  }

  // sink(bytes) for one piece of the file after the other.
  template <class Sink>
  EFFV2_SETUP void write_to(Sink&& sink) const {
    const std::vector<const Item*> order = ordered();
    std::string text = header(order);
    if (has_checksum) {
      Checksum sum;
      sum.add(bytes_of(text));
      for (const Item* item : order) sum.add(item->bytes());
      Checksum::fill_in(text, sum.to_string());
    }
    const auto length = std::bit_cast<std::array<std::uint8_t, 8>>(std::uint64_t{text.size()});
    sink(std::span<const std::uint8_t>(length));
    sink(bytes_of(text));
    for (const Item* item : order) sink(item->bytes());
  }

  std::vector<Item> items_;
  std::set<std::string> names_;
};

}  // namespace effv2::inline EFFV2_ISA::io
