// MNIST (LeCun, Cortes, Burges) and Fashion-MNIST (Xiao, Rasul, Vollgraf), whose files have the
// same names and form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/byte_source.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "dataset.hpp"
#include "idx.hpp"

namespace effv2::inline EFFV2_ISA::data {

enum class Split { train, test };

inline const std::vector<std::string>& mnist_class_names() {
  static const std::vector<std::string> names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return names;
}

inline const std::vector<std::string>& fashion_mnist_class_names() {
  static const std::vector<std::string> names = {"T-shirt/top", "trouser",   "pullover", "dress",
                                                 "coat",        "sandal",    "shirt",    "sneaker",
                                                 "bag",         "ankle boot"};
  return names;
}

namespace detail {

// directory/part-images-idx3-ubyte, or with a dot for the last hyphen but one as some mirrors have
// it, or .gz.
inline std::string find_mnist_file(const std::string& directory, const std::string& part,
                                   const std::string& content, const std::string& type) {
  const std::string stem = directory + "/" + part + "-" + content;
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      std::string path = stem + separator + type + ending;
      if (file_exists(path)) return path;
    }
  }
  throw_error(ErrorCode::io, "[mnist] expected the file ", stem, "-", type,
              " or the same with .gz, got neither (scripts/download-mnist fetches it)");
}

inline Dataset load_mnist_files(const std::string& directory, Split split, const OpenFile& open,
                                const std::vector<std::string>& class_names) {
  const std::string part = split == Split::train ? "train" : "t10k";
  const std::string images_path = find_mnist_file(directory, part, "images", "idx3-ubyte");
  const std::string labels_path = find_mnist_file(directory, part, "labels", "idx1-ubyte");

  const Tensor<std::uint8_t> labels = read_idx<std::uint8_t>(labels_path, open);
  EFFV2_CHECK(labels.rank() == 1, ErrorCode::format, "[mnist] ", labels_path,
              ": byte 3: expected rank 1, got ", labels.rank());
  std::vector<std::int32_t> numbers(labels.begin(), labels.end());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EFFV2_CHECK(numbers[i] < 10, ErrorCode::format, "[mnist] ", labels_path, ": byte ", 8 + i,
                ": expected a label in 0 ... 9, got ", numbers[i]);
  }

  Tensor<std::uint8_t> images = read_idx<std::uint8_t>(images_path, open);
  EFFV2_CHECK(images.rank() == 3 && images.extent(1) == 28 && images.extent(2) == 28,
              ErrorCode::format, "[mnist] ", images_path, ": byte 3: expected (N, 28, 28), got ",
              images.shape());
  EFFV2_CHECK(images.extent(0) == labels.size(), ErrorCode::format, "[mnist] ", images_path,
              ": byte 4: expected ", labels.size(), " images, one per label in ", labels_path,
              ", got ", images.extent(0));
  EFFV2_CHECK(!images.empty(), ErrorCode::format, "[mnist] ", images_path,
              ": byte 4: expected at least one image, got 0");
  return Dataset::from(std::move(images), std::move(numbers), 10, class_names);
}

}  // namespace detail

/// The digits, (N, 28, 28, 1), from {train,t10k}-{images-idx3,labels-idx1}-ubyte in `directory`.
/// To read files that end in .gz, pass `open_gzip` of gzip.hpp; it reads plain ones too.
inline Dataset load_mnist(const std::string& directory, Split split,
                          const OpenFile& open = open_file) {
  return detail::load_mnist_files(directory, split, open, mnist_class_names());
}

/// The same for pictures of clothes.
inline Dataset load_fashion_mnist(const std::string& directory, Split split,
                                  const OpenFile& open = open_file) {
  return detail::load_mnist_files(directory, split, open, fashion_mnist_class_names());
}

}  // namespace effv2::inline EFFV2_ISA::data
