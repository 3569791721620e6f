// The IDX format of MNIST: two zero bytes, an element type, a rank, one big-endian 32-bit extent
// per axis, then the elements in row-major order, big-endian.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "../core/atomic_file.hpp"
#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::data {

namespace detail {

template <class T>
constexpr std::uint8_t idx_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return 0x08;
  if constexpr (std::is_same_v<T, std::int8_t>) return 0x09;
  if constexpr (std::is_same_v<T, std::int16_t>) return 0x0B;
  if constexpr (std::is_same_v<T, std::int32_t>) return 0x0C;
  if constexpr (std::is_same_v<T, float>) return 0x0D;
  if constexpr (std::is_same_v<T, double>) return 0x0E;
  return 0;
}

template <class T>
concept IdxElement = idx_type<T>()
!= 0;

inline std::string hexadecimal(std::uint32_t value) {
  std::string text = "0x00000000";
  for (std::size_t digit = text.size() - 1; value != 0; --digit, value >>= 4) {
    text[digit] = "0123456789abcdef"[value & 15U];
  }
  return text;
}

inline std::uint32_t read_big_endian(ByteSource& source, std::int64_t offset) {
  std::array<std::uint8_t, 4> bytes{};
  const std::size_t count = source.read(bytes);
  EFFV2_CHECK(count == bytes.size(), ErrorCode::format, "[idx] ", source.name(), ": byte ", offset,
              ": expected 4 bytes of header, got ", count, " before the end");
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

// The shape, after it has been found to fit into what the source can hold.
inline Shape read_idx_header(ByteSource& source, std::uint8_t type, std::size_t element_bytes) {
  const std::uint32_t magic = read_big_endian(source, 0);
  const std::uint32_t rank = magic & 0xFFU;
  EFFV2_CHECK(
      magic >> 8 == type && rank >= 1 && rank <= Shape::max_rank, ErrorCode::format, "[idx] ",
      source.name(), ": byte 0: expected ", hexadecimal(type * 256U + 1), " ... ",
      hexadecimal(type * 256U + Shape::max_rank), ", got ", hexadecimal(magic),
      magic >> 16 == 0x1F8BU ? " (gzip: open it with open_gzip of effv2/data/gzip.hpp)" : "");

  const std::uint64_t header_bytes = 4 + 4 * std::uint64_t{rank};
  const std::uint64_t available = source.bytes_at_most();
  std::uint64_t bytes = element_bytes;
  Shape shape;
  for (std::uint32_t axis = 0; axis < rank; ++axis) {
    const std::int64_t offset = 4 + 4 * std::int64_t{axis};
    const std::uint32_t extent = read_big_endian(source, offset);
    const bool fits = !__builtin_mul_overflow(bytes, std::uint64_t{extent}, &bytes) &&
                      available >= header_bytes && bytes <= available - header_bytes;
    EFFV2_CHECK(fits, ErrorCode::format, "[idx] ", source.name(), ": byte ", offset,
                ": expected extents that fit into ", available, " bytes, got ", extent, " on axis ",
                axis, " after ", shape);
    shape.append(extent);
  }
  return shape;
}

// Between the file's big-endian order and the machine's; its own inverse.
template <class T>
void swap_big_endian(std::span<T> values) {
  if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) {
    for (T& value : values) {
      std::array<std::uint8_t, sizeof(T)> bytes;
      std::memcpy(bytes.data(), &value, sizeof(T));
      std::reverse(bytes.begin(), bytes.end());
      std::memcpy(&value, bytes.data(), sizeof(T));
    }
  }
}

}  // namespace detail

/// Reads a whole IDX stream. Nothing is allocated before the header has been checked against the
/// size of the source, and no byte may follow the last element.
template <detail::IdxElement T>
Tensor<T> read_idx(ByteSource& source) {
  const Shape shape = detail::read_idx_header(source, detail::idx_type<T>(), sizeof(T));
  Tensor<T> tensor = Tensor<T>::uninitialized(shape);
  const std::size_t bytes = static_cast<std::size_t>(shape.size()) * sizeof(T);
  const std::size_t header = 4 + 4 * static_cast<std::size_t>(shape.rank());
  const std::size_t count = source.read({reinterpret_cast<std::uint8_t*>(tensor.data()), bytes});
  EFFV2_CHECK(count == bytes, ErrorCode::format, "[idx] ", source.name(), ": byte ", header + count,
              ": expected ", bytes, " bytes of elements for ", shape, ", got ", count);
  std::uint8_t extra = 0;
  EFFV2_CHECK(source.read({&extra, 1}) == 0, ErrorCode::format, "[idx] ", source.name(), ": byte ",
              header + bytes, ": expected the end after ", shape, ", got more bytes");
  detail::swap_big_endian(tensor.span());
  return tensor;
}

template <detail::IdxElement T>
Tensor<T> read_idx(const std::string& path, const OpenFile& open = open_file) {
  const std::unique_ptr<ByteSource> source = open(path);
  return read_idx<T>(*source);
}

/// The same from memory; `name` stands for the path in the text of errors.
template <detail::IdxElement T>
Tensor<T> parse_idx(std::span<const std::uint8_t> bytes, const std::string& name = "memory") {
  MemorySource source(bytes, name);
  return read_idx<T>(source);
}

template <detail::IdxElement T>
std::vector<std::uint8_t> encode_idx(const Tensor<T>& tensor) {
  EFFV2_CHECK(tensor.rank() >= 1, ErrorCode::unsupported, "[idx] expected a rank of at least 1");
  std::vector<std::uint8_t> bytes = {0, 0, detail::idx_type<T>(),
                                     static_cast<std::uint8_t>(tensor.rank())};
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    const std::int64_t extent = tensor.extent(axis);
    EFFV2_CHECK(extent <= std::numeric_limits<std::uint32_t>::max(), ErrorCode::unsupported,
                "[idx] expected extents below 2^32, got ", tensor.shape());
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(extent >> shift & 0xFF));
    }
  }
  const std::size_t header = bytes.size();
  Tensor<T> swapped(tensor);
  detail::swap_big_endian(swapped.span());
  bytes.resize(header + static_cast<std::size_t>(tensor.size()) * sizeof(T));
  if (!swapped.empty()) std::memcpy(&bytes[header], swapped.data(), bytes.size() - header);
  return bytes;
}

template <detail::IdxElement T>
void write_idx(const std::string& path, const Tensor<T>& tensor) {
  write_file(path, encode_idx(tensor));
}

}  // namespace effv2::inline EFFV2_ISA::data
