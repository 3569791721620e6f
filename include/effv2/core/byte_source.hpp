// A stream of bytes from a file or from memory: what the readers of file formats read from.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Bytes that come one after the other, and a bound on how many.
class ByteSource {
 public:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// The file's path, for the text of errors.
  const std::string& name() const { return name_; }

  /// Fills `target`. Fewer bytes than it has room for mean that the end is reached.
  virtual std::size_t read(std::span<std::uint8_t> target) = 0;

  /// No more bytes than this will come in all. A reader holds what a header declares against it
  /// before it allocates.
  virtual std::uint64_t bytes_at_most() const = 0;

 private:
  std::string name_;
};

/// How a loader opens a path: `open_file` here, `open_gzip` in gzip.hpp, or a function of the user
/// (files in an archive, say).
using OpenFile = std::function<std::unique_ptr<ByteSource>(const std::string& path)>;

/// Bytes in memory, which must outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::uint8_t> bytes, std::string name = "memory")
      : ByteSource(std::move(name)), bytes_(bytes) {}

  std::size_t read(std::span<std::uint8_t> target) override {
    const std::size_t count = std::min(target.size(), bytes_.size() - position_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, target.begin());
    position_ += count;
    return count;
  }
  std::uint64_t bytes_at_most() const override { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

/// A file of the C library that closes itself.
struct CloseFile {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

/// Error(io): "[file] cannot ACTION PATH: what the system says".
[[noreturn]] inline void throw_io(const std::string& path, const char* action, int error) {
  throw_error(ErrorCode::io, "[file] cannot ", action, " ", path, ": ",
              std::generic_category().message(error));
}

/// Whether `path` is a folder. Linux lets fopen open those, and finds them 2^63 bytes long.
inline bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

/// A plain file. Needs one that can be measured: no pipe, no folder.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path)
      : ByteSource(path), file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) throw_io(path, "open", errno);
    if (is_folder(path)) throw_io(path, "open", EISDIR);
    if (std::fseek(file_.get(), 0, SEEK_END) != 0) throw_io(path, "measure", errno);
    const long size = std::ftell(file_.get());
    if (size < 0) throw_io(path, "measure", errno);
    size_ = static_cast<std::uint64_t>(size);
    std::rewind(file_.get());
  }

  std::size_t read(std::span<std::uint8_t> target) override {
    const std::size_t count = std::fread(target.data(), 1, target.size(), file_.get());
    if (count < target.size() && std::ferror(file_.get()) != 0) {
      throw_io(name(), "read", errno);
    }
    return count;
  }
  std::uint64_t bytes_at_most() const override { return size_; }

 private:
  FileHandle file_;
  std::uint64_t size_ = 0;
};

inline std::unique_ptr<ByteSource> open_file(const std::string& path) {
  return std::make_unique<FileSource>(path);
}

/// All bytes of a file.
inline std::vector<std::uint8_t> read_file(const std::string& path) {
  FileSource source(path);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(source.bytes_at_most()));
  bytes.resize(source.read(bytes));
  return bytes;
}

/// Whether it can be opened; a folder cannot.
inline bool file_exists(const std::string& path) {
  return !is_folder(path) && FileHandle(std::fopen(path.c_str(), "rb")) != nullptr;
}

}  // namespace effv2::inline EFFV2_ISA
