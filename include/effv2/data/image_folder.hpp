// A folder with one folder of images per class: root/class name/any name.png
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "dataset.hpp"
#include "resize.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// Reads one picture into (H, W, C); throws what it likes when it cannot. With stb_image, say:
/// stbi_load(path, &width, &height, &n, channels).
using DecodeImage = std::function<Tensor<std::uint8_t>(const std::string& path)>;

/// By its ending: .png, .jpg, .jpeg, .pgm, .ppm or .bmp.
inline bool is_image_name(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& letter : ending) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  for (const char* known : {".png", ".jpg", ".jpeg", ".pgm", ".ppm", ".bmp"}) {
    if (ending == known) return true;
  }
  return false;
}

namespace detail {

// The paths in a folder that `keep` wants, in the order of their bytes, which is the same anywhere.
template <class Keep>
std::vector<std::filesystem::path> sorted_paths(const std::filesystem::path& folder, Keep&& keep) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // a link to nowhere is neither file nor folder
    const bool hidden = entry->path().filename().string().front() == '.';
    if (!hidden && keep(*entry, ignored)) paths.push_back(entry->path());
  }
  EFFV2_CHECK(!error, ErrorCode::io, "[image_folder] cannot read ", folder.string(), ": ",
              error.message());
  std::sort(paths.begin(), paths.end(),
            [](const auto& a, const auto& b) { return a.string() < b.string(); });
  return paths;
}

// The decoded picture; an error of any kind gets the path put before it.
inline Tensor<std::uint8_t> decode_checked(const std::string& path, const DecodeImage& decode) {
  Tensor<std::uint8_t> image;
  try {
    image = decode(path);
  } catch (const Error& error) {
    throw_error(error.code(), "[image_folder] ", path, ": ", error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw_error(ErrorCode::format, "[image_folder] ", path, ": ", error.what());
  }
  EFFV2_CHECK(image.rank() == 3 && !image.empty(), ErrorCode::format, "[image_folder] ", path,
              ": expected pixels (H, W, C), got ", image.shape());
  return image;
}

}  // namespace detail

/// All .png, .jpg, .jpeg, .pgm, .ppm and .bmp files, resized to height x width, in the order of
/// their paths; the folders in alphabetical order are the classes. All need as many channels as the
/// first one. `class_names`: those of the pictures to learn from, where these are to test with;
/// then they are the classes in their order, and one may be without a folder.
inline Dataset load_image_folder(const std::string& root, std::int64_t height, std::int64_t width,
                                 const DecodeImage& decode,
                                 std::vector<std::string> class_names = {}) {
  EFFV2_CHECK(height >= 1 && width >= 1, ErrorCode::invalid_argument,
              "[image_folder] expected a size of at least 1 x 1, got ", height, " x ", width);
  EFFV2_CHECK(decode != nullptr, ErrorCode::invalid_argument,
              "[image_folder] expected a function that reads pictures");
  const bool is_given = !class_names.empty();
  std::vector<std::string> files;
  std::vector<std::int32_t> labels;
  const auto is_folder = [](const auto& entry, auto& error) { return entry.is_directory(error); };
  const auto is_image = [](const auto& entry, auto& error) {
    return entry.is_regular_file(error) && is_image_name(entry.path());
  };
  for (const auto& folder : detail::sorted_paths(root, is_folder)) {
    const auto paths = detail::sorted_paths(folder, is_image);
    const std::string name = folder.filename().string();
    EFFV2_CHECK(
        text::is_name(name), ErrorCode::format,
        "[image_folder] a folder whose name is not UTF-8, or of several lines: ", folder.string());
    EFFV2_CHECK(!paths.empty(), ErrorCode::io, "[image_folder] no images in ", folder.string(),
                " (.png, .jpg, .jpeg, .pgm, .ppm or .bmp)");
    const auto known = std::find(class_names.begin(), class_names.end(), name);
    EFFV2_CHECK(!is_given || known != class_names.end(), ErrorCode::invalid_argument,
                "[image_folder] no class has the name of the folder ", folder.string());
    labels.resize(labels.size() + paths.size(),
                  static_cast<std::int32_t>(known - class_names.begin()));
    for (const auto& path : paths) files.push_back(path.string());
    if (!is_given) class_names.push_back(name);
  }
  EFFV2_CHECK(!files.empty(), ErrorCode::io, "[image_folder] no folder of images in ", root);

  Tensor<std::uint8_t> images;
  std::uint8_t* target = nullptr;
  for (const std::string& file : files) {
    Tensor<std::uint8_t> image = detail::decode_checked(file, decode);
    if (target == nullptr) {
      images = Tensor<std::uint8_t>::uninitialized(
          {static_cast<std::int64_t>(files.size()), height, width, image.extent(2)});
      target = images.data();
    }
    EFFV2_CHECK(image.extent(2) == images.extent(3), ErrorCode::shape_mismatch, "[image_folder] ",
                file, ": expected ", images.extent(3), " channels as in ", files.front(), ", got ",
                image.extent(2));
    if (image.extent(0) != height || image.extent(1) != width) {
      image = resize(image, height, width);
    }
    target = std::copy(image.begin(), image.end(), target);
  }
  const auto classes = static_cast<std::int64_t>(class_names.size());
  return Dataset::from(std::move(images), std::move(labels), classes, std::move(class_names));
}

}  // namespace effv2::inline EFFV2_ISA::data
