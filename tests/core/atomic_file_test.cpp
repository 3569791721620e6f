#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <effv2/core/atomic_file.hpp>
#include <filesystem>
#include <utility>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::atomic_file_test {

namespace {

// Calls of the system, counted while armed. The one numbered `index` fails with `error`, or, for a
// short write, does half of its work.
struct Fault {
  bool armed = false;
  int calls = 0, index = -1, error = 0;
  bool half = false;

  bool strikes() { return armed && calls++ == index; }
};
Fault fault;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

template <class Function, class... Arguments>
auto call(Function* original, Arguments... arguments) {
  if (!fault.strikes()) return original(arguments...);
  errno = fault.error;
  return decltype(original(arguments...))(-1);
}

}  // namespace

// In place of the C library's.
extern "C" {
int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>(va_arg(rest, unsigned));
  va_end(rest);
  static auto* const original = next<int(const char*, int, mode_t)>("open");
  return call(original, path, flags, mode);
}
ssize_t write(int file, const void* bytes, size_t count) {
  if (fault.half && fault.armed) count = std::max<size_t>(1, count / 2);
  static auto* const original = next<ssize_t(int, const void*, size_t)>("write");
  return call(original, file, bytes, count);
}
int fsync(int file) {
  static auto* const original = next<int(int)>("fsync");
  return call(original, file);
}
int close(int file) {
  static auto* const original = next<int(int)>("close");
  return call(original, file);
}
int rename(const char* from, const char* to) noexcept {
  static auto* const original = next<int(const char*, const char*)>("rename");
  return call(original, from, to);
}
}

namespace {

std::vector<std::uint8_t> bytes(std::size_t count, int first) {
  std::vector<std::uint8_t> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    all[i] = static_cast<std::uint8_t>(first + static_cast<int>(i));
  }
  return all;
}

// Nothing but these is in the folder.
bool holds(const TemporaryFolder& folder, std::ptrdiff_t files) {
  return std::distance(std::filesystem::directory_iterator(folder.path), {}) == files;
}

// Writes with one fault; whether that succeeded, and how many calls there were.
std::pair<bool, int> write_with(Fault wanted, const std::string& path,
                                const std::vector<std::uint8_t>& data) {
  fault = wanted;
  fault.armed = true;
  bool good = true;
  try {
    write_file(path, data);
  } catch (const Error& error) {
    fault.armed = false;
    CHECK(error.code() == ErrorCode::io);
    good = false;
  }
  fault.armed = false;
  return {good, fault.calls};
}

}  // namespace

TEST_CASE("a file is replaced whole", "[atomic_file]") {
  const TemporaryFolder folder;
  folder.write("file", bytes(9, 0));
  const std::string path = folder.write("file", bytes(5, 3));
  CHECK(read_file(path) == bytes(5, 3));
  CHECK(holds(folder, 1));
  {
    AtomicFile file(path);
    file.write(bytes(100, 0));  // and no commit
  }
  CHECK(read_file(path) == bytes(5, 3));
  CHECK(holds(folder, 1));

  std::filesystem::create_directory(folder.path / "taken");
  CHECK_THROWS_AS(folder.write("taken", bytes(5, 0)), Error);
  CHECK(holds(folder, 2));
  CHECK_THROWS_AS(folder.write("no/such/folder", bytes(5, 0)), Error);
}

TEST_CASE("whichever call fails, the file is the old one or the new one", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> old = bytes(100, 1), fresh = bytes(1000, 2);
  const std::string path = folder.write("file", old);
  for (const bool half : {false, true}) {
    const int calls = write_with({.half = half}, path, fresh).second;
    CHECK(calls >= 7);  // open, write, fsync, close, rename; then the folder
    CHECK(read_file(path) == fresh);
    for (const int error : {ENOSPC, EIO, EFBIG, EDQUOT}) {
      for (int index = 0; index < calls; ++index) {
        CAPTURE(half, error, index);
        folder.write("file", old);
        const bool good =
            write_with({.index = index, .error = error, .half = half}, path, fresh).first;
        const std::vector<std::uint8_t> now = read_file(path);
        if (good) {
          CHECK(now == fresh);
        } else {
          CHECK((now == old || now == fresh));
        }
        CHECK(holds(folder, 1));
      }
    }
  }
}

TEST_CASE("an interrupted call is made again", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", bytes(10, 0));
  const int calls = write_with({}, path, bytes(10, 0)).second;
  int repeated = 0;
  for (int index = 0; index < calls; ++index) {
    const auto [good, made] = write_with({.index = index, .error = EINTR}, path, bytes(20, index));
    if (!good) continue;  // rename is not to be repeated
    CHECK(read_file(path) == bytes(20, index));
    repeated += made > calls ? 1 : 0;
  }
  CHECK(repeated == 5);  // open, write, fsync, and the folder's open and fsync
}

TEST_CASE("a limit on the size of files is an error", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", bytes(10, 0));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  bool refused = false;
  try {
    write_file(path, bytes(10000, 0));
  } catch (const Error& error) {
    refused = error.code() == ErrorCode::io;
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(refused);
  CHECK(read_file(path) == bytes(10, 0));
}

TEST_CASE("two that write one file do not mix", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  AtomicFile first(path), second(path);
  first.write(bytes(300, 1));
  second.write(bytes(200, 2));
  first.write(bytes(50, 1));
  first.commit();
  CHECK(read_file(path).size() == 350);
  second.commit();
  CHECK(read_file(path) == bytes(200, 2));
}

TEST_CASE("folders and devices are refused, a link stays one", "[atomic_file]") {
  const TemporaryFolder folder;
  for (const std::string& path : {folder.path.string(), std::string("/dev/null")}) {
    CHECK_THROWS_WITH(AtomicFile(path), Catch::Contains("it is a folder or a device"));
  }
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const std::string file = folder.write("file", bytes(10, 0)), link = folder / "link";
  std::filesystem::create_symlink("file", link);
  write_file(link, bytes(20, 1));
  CHECK(std::filesystem::is_symlink(link));
  CHECK(read_file(file) == bytes(20, 1));
  const std::string early = folder / "early";
  std::filesystem::create_symlink("later", early);
  write_file(early, bytes(30, 2));
  CHECK(std::filesystem::is_symlink(early));
  CHECK(read_file(folder / "later") == bytes(30, 2));
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK_THROWS_WITH(write_file(folder / "loop", bytes(1, 0)), Catch::Contains("lead nowhere"));
}

TEST_CASE("what a dead program left is told from what a living one writes", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder / "file", part = path + ".effv2-0.part";
  {
    AtomicFile living(path);
    REQUIRE(file_exists(part));
    CHECK_FALSE(AtomicFile::remove_leftover(part));
    CHECK(file_exists(part));
    write_file(path, bytes(5, 1));  // under another name, and it leaves the first alone
    CHECK(file_exists(part));
  }
  for (const std::string name : {"file", "file.part", "file.0.part", "file.effv2-.part",
                                 "file.effv2-0x.part", "file.effv2-0.party"}) {
    folder.write(name, bytes(3, 0));
    CHECK_FALSE(AtomicFile::remove_leftover(folder / name));
    CHECK(file_exists(folder / name));
  }
  folder.write("file.effv2-0.part", bytes(3, 0));
  CHECK(AtomicFile::remove_leftover(part));
  CHECK_FALSE(file_exists(part));
  CHECK_FALSE(AtomicFile::remove_leftover(part));
}

TEST_CASE("what a dead program left goes when its file is written again", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  folder.write("file.effv2-0.part", bytes(300, 0));
  write_file(path, bytes(5, 1));
  CHECK(read_file(path) == bytes(5, 1));
  CHECK(holds(folder, 1));
}

TEST_CASE("a file keeps its rights when it is replaced", "[atomic_file]") {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  const std::string path = folder.write("file", bytes(10, 0));
  const auto mine = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(path, mine);
  write_file(path, bytes(20, 1));
  CHECK(fs::status(path).permissions() == mine);
}

TEST_CASE("a file stays its owner's when another replaces it", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", bytes(10, 0));
  constexpr uid_t owner = 1234;
  if (::chown(path.c_str(), owner, owner) != 0) return;  // only root gives files away
  write_file(path, bytes(20, 1));
  struct ::stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_uid == owner);
  CHECK(status.st_gid == owner);
}

TEST_CASE("a name may be as long as names may be", "[atomic_file]") {
  const TemporaryFolder folder;
  for (const std::size_t length : {200U, 240U, 255U}) {
    const std::string path = folder / std::string(length, 'a');
    write_file(path, bytes(10, 3));
    CHECK(read_file(path) == bytes(10, 3));
  }
  CHECK_THROWS_AS(write_file(folder / std::string(256, 'a'), bytes(1, 0)), Error);
}

}  // namespace effv2::atomic_file_test
