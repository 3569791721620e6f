// A file that appears whole or not at all, whatever happens while it is written.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "byte_source.hpp"
#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

namespace detail {

// A call of the system that a signal may interrupt.
template <class Call>
auto retry(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Puts the names in the folder of `path` on the disk.
inline void sync_folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const int handle =
      retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (handle < 0) throw_io(folder, "open", errno);
  const int result = retry([&] { return ::fsync(handle); });
  const int error = errno;
  ::close(handle);
  // Some file systems cannot sync a folder, and say so.
  if (result != 0 && error != EINVAL) throw_io(folder, "write", error);
}

// Writes all of it; the system may take less at a time than it is given.
inline void write_all(int file, const std::string& path, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto count = retry([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (count <= 0) throw_io(path, "write", count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace detail

/// Written beside `path` and given that name by commit(), in one step: who opens the path finds the
/// old file or the new one. Without commit() (an error, a crash) the old one stays. A symbolic link
/// stays one, and what it points to is replaced; Error(io) for a folder or a device. Who may read
/// and write the old file may do so with the new one.
///
/// The bytes are on the disk before the name changes, and the name is on the disk before commit()
/// returns, so a power cut does not undo what the program went on to rely on.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path) : path_(target_of(path)) {
    create_part();
    FileStatus old{};
    if (::stat(path_.c_str(), &old) != 0) return;
    // Wishes: some file systems have no such rights, and only root gives files away.
    if (::fchown(file_, old.st_uid, old.st_gid) != 0) {
      static_cast<void>(::fchown(file_, static_cast<uid_t>(-1), old.st_gid));
    }
    static_cast<void>(::fchmod(file_, old.st_mode & 0777));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!committed_) ::unlink(part_.c_str());  // while it is locked, and its name nobody else's
    if (file_ >= 0) ::close(file_);
  }

  void write(std::span<const std::uint8_t> bytes) { detail::write_all(file_, path_, bytes); }

  void commit() {
    if (detail::retry([&] { return ::fsync(file_); }) != 0) throw_io(path_, "write", errno);
    if (::rename(part_.c_str(), path_.c_str()) != 0) throw_io(path_, "write", errno);
    committed_ = true;
    detail::sync_folder_of(path_);
  }

  /// Removes a file that a program left which died while it wrote; false for any other. (The next
  /// AtomicFile of the same path does so by itself.)
  static bool remove_leftover(const std::string& part) {
    if (!is_part_name(part)) return false;
    const int file = detail::retry([&] { return ::open(part.c_str(), O_RDWR | O_CLOEXEC); });
    if (file < 0) return false;
    // Who writes it, in any process or container, holds the lock.
    const bool is_free = detail::retry([&] { return ::flock(file, LOCK_EX | LOCK_NB); }) == 0;
    const bool removed = is_free && ::unlink(part.c_str()) == 0;
    ::close(file);
    return removed;
  }

 private:
  using FileStatus = struct ::stat;

  // While it is written the file is PATH.effv2-NUMBER.part.
  static constexpr std::string_view mark = ".effv2-", suffix = ".part";

  // Under the first number that nobody else has, and locked.
  void create_part() {
    for (int number = 0; file_ < 0; ++number) {
      part_ = part_name(path_, number);
      file_ = detail::retry(
          [&] { return ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
      if (file_ < 0) {
        if (errno != EEXIST) throw_io(part_, "create", errno);
        remove_leftover(part_);
        continue;
      }
      // A wish: where nothing can be locked, nothing is taken for a leftover either.
      static_cast<void>(detail::retry([&] { return ::flock(file_, LOCK_EX); }));
      // Before it was locked, it may have been taken for one.
      if (!is_there()) ::close(std::exchange(file_, -1));
    }
  }

  // Whether the name is still the open file's.
  bool is_there() const {
    FileStatus ours{}, there{};
    return ::fstat(file_, &ours) == 0 && ::stat(part_.c_str(), &there) == 0 &&
           ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
  }

  static bool is_part_name(std::string_view name) {
    if (!name.ends_with(suffix)) return false;
    name.remove_suffix(suffix.size());
    const std::size_t number = name.rfind(mark);
    if (number == name.npos) return false;
    name.remove_prefix(number + mark.size());
    return !name.empty() && name.find_first_not_of("0123456789") == name.npos;
  }

  static std::string target_of(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code none;
    const bool exists = fs::exists(path, none);
    EFFV2_CHECK(!exists || fs::is_regular_file(path, none), ErrorCode::io, "[file] cannot write ",
                path, ": it is a folder or a device");
    if (!fs::is_symlink(path, none)) return path;
    std::error_code error;
    const fs::path target = exists ? fs::canonical(path, error)
                                   : fs::path(path).parent_path() / fs::read_symlink(path, error);
    if (error) throw_io(path, "follow", error.value());
    EFFV2_CHECK(!fs::is_symlink(target, none), ErrorCode::io, "[file] cannot write ", path,
                ": its links lead nowhere");
    return target.string();
  }

  static std::string part_name(const std::string& path, int number) {
    const std::string end = concat(mark, number, suffix);
    // Of a name that leaves no room for it, the beginning.
    constexpr std::size_t longest_name = 255;
    const std::size_t name = path.find_last_of('/') + 1;  // npos + 1 is 0
    return path.substr(0, name + std::min(path.size() - name, longest_name - end.size())) + end;
  }

  std::string path_, part_;
  int file_ = -1;
  bool committed_ = false;
};

/// The same for bytes that are there already.
inline void write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}
inline void write_file(const std::string& path, std::string_view text) {
  write_file(path, bytes_of(text));
}

}  // namespace effv2::inline EFFV2_ISA
