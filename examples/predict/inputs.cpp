#include "inputs.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <effv2/data/gzip.hpp>
#include <effv2/data/idx.hpp>
#include <effv2/data/image_folder.hpp>
#include <filesystem>
#include <vector>

#include "../decode_picture.hpp"

using namespace effv2;

namespace {

std::vector<std::uint8_t> read_standard_input() {
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 1 << 16> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), stdin)) {
    bytes.insert(bytes.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return bytes;
}

// Pictures begin with other bytes than IDX (0 0 and the type of the numbers) or gzip.
bool is_idx(const std::string& path) {
  std::array<std::uint8_t, 3> first{};
  if (open_file(path)->read(first) < first.size()) return false;
  return (first[0] == 0 && first[1] == 0) || (first[0] == 0x1F && first[1] == 0x8B);
}

void for_each_idx_image(const std::string& path, int channels, const OnPicture& on_picture) {
  const auto source = data::open_gzip(path);
  const Tensor<std::uint8_t> images = data::read_idx<std::uint8_t>(*source);
  EFFV2_CHECK(images.rank() == 3 && !images.empty(), ErrorCode::unsupported, "[predict] ", path,
              ": expected images (N, H, W), got ", images.shape());
  Tensor<std::uint8_t> picture({images.extent(1), images.extent(2), channels});
  const std::int64_t pixels = images.extent(1) * images.extent(2);
  for (std::int64_t n = 0; n < images.extent(0); ++n) {
    for (std::int64_t i = 0; i < picture.size(); ++i) {
      picture[i] = images[n * pixels + i / channels];
    }
    on_picture(concat(path, "#", n), picture);
  }
}

}  // namespace

void for_each_picture(const std::string& input, int channels, const OnPicture& on_picture,
                      const OnError& on_error) try {
  if (input == "-") {
    on_picture("standard input", decode_picture(read_standard_input(), "standard input", channels));
  } else if (std::filesystem::is_directory(input)) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(input)) {
      if (entry.is_regular_file() && data::is_image_name(entry.path())) {
        names.push_back(entry.path().string());
      }
    }
    std::sort(names.begin(), names.end());
    EFFV2_CHECK(!names.empty(), ErrorCode::io, "[predict] no pictures in ", input);
    for (const std::string& name : names) for_each_picture(name, channels, on_picture, on_error);
  } else if (is_idx(input)) {
    for_each_idx_image(input, channels, on_picture);
  } else {
    on_picture(input, decode_picture(input, channels));
  }
} catch (const std::exception& error) {
  on_error(error);
}
