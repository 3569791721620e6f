#include <sys/resource.h>

#include <csignal>
#include <effv2/core/appended_file.hpp>
#include <effv2/core/byte_source.hpp>
#include <string>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::appended_file_test {

namespace {

std::string text_of(const std::string& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

// While it lives, no file grows beyond so many bytes.
struct FileLimit {
  rlimit before{};
  explicit FileLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("records are added to what is there", "[appended_file]") {
  const TemporaryFolder folder;
  {
    AppendedFile file(folder / "log");
    CHECK(file.size() == 0);
    file.append("one\n");
    file.append("");
    CHECK(text_of(folder / "log") == "one\n");
    file.append("two\n");
  }
  AppendedFile file(folder / "log");
  CHECK(file.size() == 8);
  file.append("three\n");
  CHECK(text_of(folder / "log") == "one\ntwo\nthree\n");
}

TEST_CASE("a record cut short can be cut off", "[appended_file]") {
  const TemporaryFolder folder;
  write_file(folder / "log", std::string_view("one\ntw"));
  AppendedFile file(folder / "log");
  file.truncate(4);
  CHECK(file.size() == 4);
  file.append("two\n");
  CHECK(text_of(folder / "log") == "one\ntwo\n");
  CHECK_THROWS_AS(file.truncate(9), Error);
  CHECK_THROWS_AS(file.truncate(-1), Error);
}

TEST_CASE("one at a time has a file open", "[appended_file]") {
  const TemporaryFolder folder;
  {
    AppendedFile file(folder / "log");
    try {
      AppendedFile second(folder / "log");
      FAIL("opened twice");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::io);
      CHECK(std::string(error.what()).find("in use") != std::string::npos);
    }
  }
  AppendedFile again(folder / "log");
  CHECK(again.size() == 0);
}

TEST_CASE("where there is no room the file stays as it was", "[appended_file]") {
  const TemporaryFolder folder;
  AppendedFile file(folder / "log");
  file.append("one\n");
  {
    const FileLimit limit(10);
    CHECK_THROWS_AS(file.append("a longer record\n"), Error);
    CHECK(text_of(folder / "log") == "one\n");
  }
  file.append("two\n");
  CHECK(text_of(folder / "log") == "one\ntwo\n");
  CHECK(file.size() == 8);
  CHECK_THROWS_AS(AppendedFile(folder / "no/such/log"), Error);
}

}  // namespace effv2::appended_file_test
