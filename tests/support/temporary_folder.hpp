// A folder for the files of one test, gone when the test is over.
#pragma once

#include <cstdint>
#include <effv2/core/atomic_file.hpp>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

struct TemporaryFolder {
  std::filesystem::path path;

  TemporaryFolder() {
    std::random_device random;
    path = std::filesystem::temp_directory_path() /
           ("effv2-test-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directory(path);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  std::string operator/(const std::string& name) const { return (path / name).string(); }

  std::string write(const std::string& name, std::span<const std::uint8_t> bytes) const {
    effv2::write_file(*this / name, bytes);
    return *this / name;
  }
};
