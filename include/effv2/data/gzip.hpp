// Files compressed by gzip. Needs zlib (link with -lz), and so is not part of <effv2/effv2.hpp>.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// What another source holds in compressed form: one gzip member, or several in a row. It inflates
/// no further than it is read, so a reader that stops after what its header declared is safe from
/// a file that inflates to far more.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> compressed)
      : ByteSource(compressed->name()), compressed_(std::move(compressed)) {
    constexpr int gzip_only = MAX_WBITS + 16;
    const int status = inflateInit2(&stream_, gzip_only);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    EFFV2_CHECK(status == Z_OK, ErrorCode::unsupported, "[gzip] zlib ", zlibVersion(),
                " refuses to start: ", status);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  std::size_t read(std::span<std::uint8_t> target) override {
    std::size_t count = 0;
    while (count < target.size()) {
      if (stream_.avail_in == 0 && !refill() && !inside_member_) break;
      const std::size_t room = std::min<std::size_t>(target.size() - count, largest_piece);
      stream_.next_out = target.data() + count;
      stream_.avail_out = static_cast<uInt>(room);
      inflate_piece();
      count += room - stream_.avail_out;
    }
    return count;
  }

  /// Two bits, the shortest code there is, stand for at most 258 bytes.
  std::uint64_t bytes_at_most() const override {
    constexpr std::uint64_t ratio = 4 * 258;
    constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max() / ratio;
    return std::min(compressed_->bytes_at_most(), largest) * ratio;
  }

 private:
  static constexpr std::size_t largest_piece = std::size_t{1} << 30;

  bool refill() {
    const std::size_t count = compressed_->read(input_);
    offset_ += count;
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  void inflate_piece() {
    inside_member_ = true;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_STREAM_END) {
      // Checksum and length were right. Whatever follows has to be another member.
      inside_member_ = false;
      inflateReset(&stream_);
      return;
    }
    // Without progress: the input was empty, so the file ends inside of a member.
    EFFV2_CHECK(status != Z_BUF_ERROR, ErrorCode::format, "[gzip] ", name(), ": byte ", offset_,
                ": expected more compressed data, got the end of the file");
    EFFV2_CHECK(status == Z_OK, ErrorCode::format, "[gzip] ", name(), ": byte ",
                offset_ - stream_.avail_in, ": expected gzip data, got a damaged file (",
                stream_.msg != nullptr ? stream_.msg : "preset dictionary", ")");
  }

  std::unique_ptr<ByteSource> compressed_;
  z_stream stream_{};
  std::uint64_t offset_ = 0;   // compressed bytes read
  bool inside_member_ = true;  // an empty file is a truncated one
  std::array<std::uint8_t, 1 << 14> input_{};
};

/// Opens a gzip file, or a plain one as it is: its first two bytes tell.
inline std::unique_ptr<ByteSource> open_gzip(const std::string& path) {
  std::array<std::uint8_t, 2> magic{};
  FileSource(path).read(magic);
  std::unique_ptr<ByteSource> file = open_file(path);
  if (magic[0] != 0x1F || magic[1] != 0x8B) return file;
  return std::make_unique<GzipSource>(std::move(file));
}

}  // namespace effv2::inline EFFV2_ISA::data
