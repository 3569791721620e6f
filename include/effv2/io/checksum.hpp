// A checksum for files that nobody but this library writes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::io {

/// 64 bits over a sequence of bytes, in pieces of any length. Every step is a bijection of the
/// state for a given input, and of the input for a given state: no change of a single word goes
/// unnoticed. Against damage, not against malice.
class Checksum {
 public:
  /// Where it stands in the metadata of a file, and what is in its place while it is computed.
  static constexpr const char* key = "effv2.checksum";
  static constexpr const char* blank = "0000000000000000";

  void add(std::span<const std::uint8_t> bytes) {
    for (; filled_ > 0 && !bytes.empty(); bytes = bytes.subspan(1)) add_byte(bytes[0]);
    for (; bytes.size() >= sizeof word_; bytes = bytes.subspan(sizeof word_)) {
      std::memcpy(&word_, bytes.data(), sizeof word_);
      mix();
    }
    for (const std::uint8_t byte : bytes) add_byte(byte);
  }

  std::string to_string() const {
    Checksum whole = *this;
    if (filled_ > 0) whole.mix();
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) {
      digits += "0123456789abcdef"[whole.state_ >> shift & 15U];
    }
    return digits;
  }

  /// Puts 16 digits into the place of a header's checksum. (Where there is none, the text stays.)
  static void fill_in(std::string& header, std::string_view digits) {
    const std::string before = concat('"', key, "\":\"");
    const std::size_t place = header.find(before);
    if (place == header.npos || place + before.size() + digits.size() > header.size()) return;
    header.replace(place + before.size(), digits.size(), digits);
  }

 private:
  void add_byte(std::uint8_t byte) {
    word_ |= std::uint64_t{byte} << 8 * filled_;
    if (++filled_ == sizeof word_) mix();
  }
  void mix() {
    state_ = (state_ ^ word_) * 0x9E3779B97F4A7C15U;
    state_ ^= state_ >> 32;
    word_ = 0, filled_ = 0;
  }

  std::uint64_t state_ = 0x243F6A8885A308D3U, word_ = 0;
  unsigned filled_ = 0;  // bytes of the word so far
};

}  // namespace effv2::inline EFFV2_ISA::io
