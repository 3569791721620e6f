#include <effv2/data/idx.hpp>

#include "fuzz.hpp"

// As what its third byte says it is.
void fuzz(Bytes bytes) {
  using effv2::data::parse_idx;
  switch (bytes.size() > 2 ? bytes[2] : 0) {
    case 0x09:
      return static_cast<void>(parse_idx<std::int8_t>(bytes));
    case 0x0B:
      return static_cast<void>(parse_idx<std::int16_t>(bytes));
    case 0x0C:
      return static_cast<void>(parse_idx<std::int32_t>(bytes));
    case 0x0D:
      return static_cast<void>(parse_idx<float>(bytes));
    case 0x0E:
      return static_cast<void>(parse_idx<double>(bytes));
    default:
      return static_cast<void>(parse_idx<std::uint8_t>(bytes));
  }
}
