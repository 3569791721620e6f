// Writes the images of an IDX file (MNIST, Fashion-MNIST) as pictures, a folder for each class:
//
//   unpack_idx IMAGES LABELS FOLDER [PER_CLASS]
//
// FOLDER/0/00012.png, ...: the first PER_CLASS images of every class, all by default.
#include <cstdint>
#include <cstdio>
#include <effv2/core/atomic_file.hpp>
#include <effv2/data/gzip.hpp>
#include <effv2/data/idx.hpp>
#include <effv2/io/png.hpp>
#include <exception>
#include <filesystem>
#include <map>
#include <string>

#include "whole_number.hpp"
#include "written_out.hpp"

using namespace effv2;

namespace {

Tensor<std::uint8_t> read(const std::string& path) {
  const auto source = data::open_gzip(path);
  return data::read_idx<std::uint8_t>(*source);
}

void unpack(const std::string& images_path, const std::string& labels_path,
            const std::string& folder, std::int64_t per_class) {
  const Tensor<std::uint8_t> images = read(images_path), labels = read(labels_path);
  EFFV2_CHECK(images.rank() == 3 && labels.rank() == 1 && images.extent(0) == labels.extent(0),
              ErrorCode::shape_mismatch, "expected images (N, H, W) and labels (N), got ",
              images.shape(), " and ", labels.shape());
  const std::int64_t height = images.extent(1), width = images.extent(2);
  std::map<int, std::int64_t> written;
  for (std::int64_t n = 0; n < images.extent(0); ++n) {
    const int label = labels[n];
    if (written[label] == per_class) continue;
    const std::string class_folder = folder + '/' + std::to_string(label);
    if (written[label]++ == 0) std::filesystem::create_directories(class_folder);
    char name[32];
    std::snprintf(name, sizeof name, "/%05lld.png", static_cast<long long>(n));
    const View<const std::uint8_t> picture(images.data() + n * height * width, {height, width, 1});
    write_file(class_folder + name, io::encode_png(picture));
  }
  std::int64_t total = 0;
  for (const auto& [label, count] : written) total += count;
  std::printf("%lld pictures of %lld classes in %s\n", static_cast<long long>(total),
              static_cast<long long>(written.size()), folder.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: unpack_idx IMAGES LABELS FOLDER [PER_CLASS]\n");
    return 2;
  }
  try {
    unpack(argv[1], argv[2], argv[3],
           argc == 5 ? whole_number(argv[4], "a number of pictures", 1, 1 << 30) : -1);
    check_written_out();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "unpack_idx: %s\n", error.what());
    return 2;
  }
}
