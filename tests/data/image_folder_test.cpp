#include <algorithm>
#include <effv2/data/image_folder.hpp>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::image_folder_test {

using namespace effv2::data;

namespace {

// A picture file here is height, width, channels and a value for all pixels, a byte each.
Tensor<std::uint8_t> decode(const std::string& path) {
  std::vector<std::uint8_t> bytes(5);
  bytes.resize(open_file(path)->read(bytes));
  if (bytes.size() == 1) throw std::runtime_error("not a picture");
  if (bytes.size() == 2) throw std::bad_alloc();
  if (bytes.size() == 3) throw Error(ErrorCode::unsupported, "too new");
  return Tensor<std::uint8_t>::filled({bytes[0], bytes[1], bytes[2]}, bytes[3]);
}

struct Pictures : TemporaryFolder {
  void add(const std::string& class_name, const std::string& name,
           const std::vector<std::uint8_t>& bytes) const {
    std::filesystem::create_directory(path / class_name);
    write(class_name + "/" + name, bytes);
  }
  Dataset load(std::int64_t height = 4, std::int64_t width = 6) const {
    return load_image_folder(path.string(), height, width, decode);
  }
  std::string message(ErrorCode code) const {
    try {
      load();
    } catch (const Error& error) {
      CHECK(error.code() == code);
      return error.what();
    }
    FAIL("no error");
    return {};
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("folders are classes and files images, both in order", "[data][image_folder]") {
  const Pictures pictures;
  pictures.add("dog", "b.PNG", {4, 6, 3, 21});
  pictures.add("dog", "a.jpeg", {2, 3, 3, 20});
  pictures.add("cat", "2.jpg", {9, 9, 3, 11});
  pictures.add("cat", "10.bmp", {1, 1, 3, 10});
  pictures.add("zebra", "z.pgm", {4, 6, 3, 30});
  pictures.add("zebra", "notes.txt", {1});
  pictures.add("zebra", ".hidden.png", {1});
  pictures.add(".thumbnails", "x.png", {1});
  std::filesystem::create_directory(pictures.path / "zebra" / "deeper.png");
  pictures.write("loose.png", std::vector<std::uint8_t>{1});
  std::filesystem::create_symlink("nowhere", pictures.path / "zebra" / "broken.png");

  const Dataset dataset = pictures.load();
  CHECK(dataset.images.shape() == Shape{5, 4, 6, 3});
  CHECK(dataset.classes == 3);
  CHECK(dataset.class_names == std::vector<std::string>{"cat", "dog", "zebra"});
  CHECK(dataset.labels == std::vector<std::int32_t>{0, 0, 1, 1, 2});
  const std::vector<std::uint8_t> values = {10, 11, 20, 21, 30};
  for (std::int64_t i = 0; i < 5; ++i) {
    const View<const std::uint8_t> image = dataset.image(i);
    CHECK(std::count(image.begin(), image.end(), values[static_cast<std::size_t>(i)]) == 72);
  }
}

TEST_CASE("what is wrong with an image folder is said with its path", "[data][image_folder]") {
  const Pictures pictures;
  CHECK(contains(pictures.message(ErrorCode::io), "no folder of images"));
  CHECK_THROWS_AS(load_image_folder(pictures / "missing", 4, 4, decode), Error);
  CHECK_THROWS_AS(pictures.load(0, 4), Error);

  std::filesystem::create_directory(pictures.path / "empty");
  CHECK(contains(pictures.message(ErrorCode::io), "/empty"));
  pictures.add("empty", "a.png", {4, 6, 1, 9});
  CHECK(pictures.load().size() == 1);

  pictures.add("empty", "b.png", {4, 6, 3, 9});
  CHECK(contains(pictures.message(ErrorCode::shape_mismatch), "b.png: expected 1 channels"));
  pictures.add("empty", "b.png", {4, 0, 1, 9});
  CHECK(contains(pictures.message(ErrorCode::format), "b.png: expected pixels"));
  pictures.add("empty", "b.png", {1});
  CHECK(contains(pictures.message(ErrorCode::format), "b.png: not a picture"));
  pictures.add("empty", "b.png", {1, 2, 3});
  CHECK(contains(pictures.message(ErrorCode::unsupported), "b.png: too new"));
  pictures.add("empty", "b.png", {1, 2});
  CHECK_THROWS_AS(pictures.load(), std::bad_alloc);
}

TEST_CASE("test pictures have the classes of those to learn from", "[data][image_folder]") {
  const Pictures pictures;
  pictures.add("zebra", "a.png", {4, 6, 3, 1});
  pictures.add("cat", "b.png", {4, 6, 3, 2});
  const auto load = [&](std::vector<std::string> names) {
    return load_image_folder(pictures.path.string(), 4, 6, decode, std::move(names));
  };
  const std::vector<std::string> names = {"zebra", "dog", "cat"};
  const Dataset dataset = load(names);
  CHECK(dataset.class_names == names);
  CHECK(dataset.labels == std::vector<std::int32_t>{2, 0});
  CHECK_THROWS_WITH(load({"zebra", "dog"}), Catch::Contains("no class has the name"));
}

TEST_CASE("a folder whose name no file of ours could hold is refused", "[data][image_folder]") {
  const Pictures pictures;
  pictures.add(
      "gr\xFC\xDF"
      "e",
      "a.png", {4, 6, 3, 21});
  CHECK(contains(pictures.message(ErrorCode::format), "UTF-8"));
}

}  // namespace effv2::image_folder_test
