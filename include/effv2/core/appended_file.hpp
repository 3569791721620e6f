// A file that grows record by record and keeps the ones it has, whatever happens.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "atomic_file.hpp"
#include "byte_source.hpp"
#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

/// Opened for adding to its end, and created where it is missing. A record that append() returned
/// from is on the disk; one that a crash cut short is the last thing in the file, so a reader that
/// can tell it (a line without its end, say) loses nothing else, and cuts it off with truncate().
///
/// One at a time has a file open: a second one, in this process or another, gets Error(io).
class AppendedFile {
 public:
  explicit AppendedFile(std::string path) : path_(std::move(path)) {
    file_ = detail::retry(
        [&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
    if (file_ < 0) throw_io(path_, "open", errno);
    try {
      if (detail::retry([&] { return ::flock(file_, LOCK_EX | LOCK_NB); }) != 0) {
        EFFV2_CHECK(errno != EWOULDBLOCK, ErrorCode::io, "[file] ", path_,
                    " is in use by another program");
        throw_io(path_, "lock", errno);
      }
      size_ = ::lseek(file_, 0, SEEK_END);
      if (size_ < 0) throw_io(path_, "measure", errno);
      detail::sync_folder_of(path_);
    } catch (...) {
      ::close(file_);
      throw;
    }
  }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;
  ~AppendedFile() { ::close(file_); }

  const std::string& path() const { return path_; }
  std::int64_t size() const { return size_; }

  /// Cuts off what comes after the first `size` bytes.
  void truncate(std::int64_t size) {
    EFFV2_CHECK(size >= 0 && size <= size_, ErrorCode::invalid_argument, "[file] ", path_, " has ",
                size_, " bytes and cannot be cut to ", size);
    if (detail::retry([&] { return ::ftruncate(file_, size); }) != 0) {
      throw_io(path_, "cut", errno);
    }
    size_ = size;
  }

  /// Adds a record. Throws Error(io) with the file as it was before.
  void append(std::string_view record) {
    try {
      detail::write_all(file_, path_, bytes_of(record));
      if (detail::retry([&] { return ::fsync(file_); }) != 0) throw_io(path_, "write", errno);
    } catch (...) {
      // Half a record with a whole one behind it would be damage in the middle.
      static_cast<void>(::ftruncate(file_, size_));
      throw;
    }
    size_ += static_cast<std::int64_t>(record.size());
  }

 private:
  std::string path_;
  int file_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace effv2::inline EFFV2_ISA
