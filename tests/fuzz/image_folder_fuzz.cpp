// A folder whose pictures the decoder makes of the input: of any rank and size, or an exception.
#include <effv2/data/image_folder.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "fuzz.hpp"

namespace {

// Two classes of two files each; what is in them does not matter.
std::string folder() {
  const auto root = std::filesystem::temp_directory_path() / "effv2-fuzz-folder";
  for (const char* name : {"a/1.png", "a/2.jpg", "b/1.png", "b/3.bmp"}) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << '.';
  }
  return root.string();
}

}  // namespace

void fuzz(Bytes bytes) {
  using namespace effv2;
  static const std::string root = folder();
  const auto next = [&]() -> int {
    if (bytes.empty()) return 0;
    const int value = bytes[0];
    bytes = bytes.subspan(1);
    return value;
  };
  const int height = next() % 40, width = next() % 40;
  data::load_image_folder(root, height, width, [&](const std::string&) {
    const int rank = next() % 8;
    if (rank == 5) throw std::runtime_error("no picture");
    Shape shape;
    for (int axis = 0; axis < (rank == 4 || rank > 5 ? 3 : rank); ++axis) shape.append(next() % 40);
    Tensor<std::uint8_t> image(shape);
    for (std::uint8_t& pixel : image) pixel = static_cast<std::uint8_t>(next());
    return image;
  });
}
