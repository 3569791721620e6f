// A file that appears whole or not at all, whatever happens while it is written.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
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
  /// Ends the name while the file is written: PATH.PROCESS-NUMBER.part, which nobody else writes.
  static constexpr std::string_view suffix = ".part";

  explicit AtomicFile(const std::string& path) : path_(target_of(path)), part_(part_name(path_)) {
    file_ = detail::retry(
        [&] { return ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); });
    if (file_ < 0) throw_io(part_, "create", errno);
    struct ::stat old {};
    // A wish: some file systems have no such rights.
    if (::stat(path_.c_str(), &old) == 0) static_cast<void>(::fchmod(file_, old.st_mode & 0777));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (file_ >= 0) ::close(file_);
    if (!committed_) ::unlink(part_.c_str());
  }

  void write(std::span<const std::uint8_t> bytes) { detail::write_all(file_, path_, bytes); }

  void commit() {
    if (detail::retry([&] { return ::fsync(file_); }) != 0) throw_io(path_, "write", errno);
    // The descriptor is gone whatever close says, so no second try.
    if (::close(std::exchange(file_, -1)) != 0) throw_io(path_, "write", errno);
    if (::rename(part_.c_str(), path_.c_str()) != 0) throw_io(path_, "write", errno);
    committed_ = true;
    detail::sync_folder_of(path_);
  }

  /// Whether a file of this name is what a program left that died while it wrote.
  static bool is_leftover(std::string_view name) {
    if (!name.ends_with(suffix)) return false;
    name.remove_suffix(suffix.size());
    name.remove_prefix(std::min(name.size(), name.find_last_of('.') + 1));
    pid_t process = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    const bool is_ours =
        error == std::errc{} && process > 0 && end != name.data() + name.size() && *end == '-';
    return is_ours && ::kill(process, 0) != 0 && errno == ESRCH;
  }

 private:
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

  EFFV2_ONE_PER_PROGRAM static std::string part_name(const std::string& path) {
    static std::atomic<std::int64_t> number{0};
    const std::string end = concat('.', ::getpid(), '-', number++, suffix);
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
