#include <zlib.h>

#include <cstdlib>
#include <effv2/data/gzip.hpp>
#include <effv2/data/mnist.hpp>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::mnist_test {

using namespace effv2::data;

namespace {

const std::string sample_folder = EFFV2_SOURCE_DIR "/examples/data/mnist-sample";

std::vector<std::uint8_t> images_idx(std::int64_t count, std::int64_t height = 28,
                                     std::int64_t width = 28) {
  Tensor<std::uint8_t> images({count, height, width});
  for (std::int64_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>(i % 251);
  return encode_idx(images);
}

std::vector<std::uint8_t> labels_idx(const std::vector<std::uint8_t>& labels) {
  return encode_idx(Tensor<std::uint8_t>::from({static_cast<std::int64_t>(labels.size())}, labels));
}

std::string message_of(const TemporaryFolder& folder, Split split = Split::train) {
  try {
    load_mnist(folder.path.string(), split);
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("no error");
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::int64_t> class_counts(const Dataset& dataset) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(dataset.classes));
  for (const std::int32_t label : dataset.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

std::uint32_t checksum(const Dataset& dataset) {
  return static_cast<std::uint32_t>(
      crc32(0, dataset.images.data(), static_cast<uInt>(dataset.images.size())));
}

}  // namespace

TEST_CASE("the embedded sample of MNIST is complete", "[data][mnist]") {
  const Dataset training = load_mnist(sample_folder, Split::train, open_gzip);
  const Dataset test = load_mnist(sample_folder, Split::test, open_gzip);
  CHECK(training.images.shape() == Shape{8000, 28, 28, 1});
  CHECK(test.images.shape() == Shape{2000, 28, 28, 1});
  CHECK(training.classes == 10);
  CHECK(training.class_names[7] == "7");
  const std::vector<std::int64_t> expected = {200, 225, 198, 206, 196, 173, 203, 214, 189, 196};
  CHECK(class_counts(test) == expected);
  CHECK(class_counts(training)[0] == 801);
  CHECK(class_counts(training)[9] == 782);
  CHECK(load_fashion_mnist(sample_folder, Split::test, open_gzip).class_names[9] == "ankle boot");
}

TEST_CASE("plain MNIST files are read under both of their names", "[data][mnist]") {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", images_idx(3));
  folder.write("train-labels.idx1-ubyte", labels_idx({7, 0, 9}));
  const Dataset dataset = load_mnist(folder.path.string(), Split::train);
  CHECK(dataset.labels == std::vector<std::int32_t>{7, 0, 9});
  CHECK(dataset.images(1, 0, 1, 0) == 785 % 251);
  CHECK(contains(message_of(folder, Split::test), "t10k-images-idx3-ubyte"));
}

TEST_CASE("MNIST files that do not fit together are refused", "[data][mnist]") {
  const TemporaryFolder folder;
  CHECK(contains(message_of(folder), "download-mnist"));
  folder.write("train-images-idx3-ubyte", images_idx(3));
  folder.write("train-labels-idx1-ubyte", labels_idx({7, 10, 9}));
  CHECK(contains(message_of(folder),
                 "train-labels-idx1-ubyte: byte 9: expected a label in 0 ... 9, got 10"));
  folder.write("train-labels-idx1-ubyte", labels_idx({7, 0}));
  CHECK(contains(message_of(folder), "expected 2 images, one per label"));
  folder.write("train-labels-idx1-ubyte", images_idx(3));
  CHECK(contains(message_of(folder), "expected rank 1, got 3"));
  folder.write("train-labels-idx1-ubyte", labels_idx({7, 0, 9}));
  folder.write("train-images-idx3-ubyte", images_idx(3, 27));
  CHECK(contains(message_of(folder), "expected (N, 28, 28), got (3, 27, 28)"));
  folder.write("train-images-idx3-ubyte", images_idx(3, 28, 29));
  CHECK(contains(message_of(folder), "expected (N, 28, 28), got (3, 28, 29)"));
  folder.write("train-images-idx3-ubyte", labels_idx({1, 2, 3}));
  CHECK(contains(message_of(folder), "expected (N, 28, 28), got (3)"));
  folder.write("train-images-idx3-ubyte", images_idx(0));
  folder.write("train-labels-idx1-ubyte", labels_idx({}));
  CHECK(contains(message_of(folder), "at least one image"));
}

TEST_CASE("compressed MNIST files without zlib say what to do", "[data][mnist]") {
  try {
    load_mnist(sample_folder, Split::train);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "open_gzip"));
  }
}

TEST_CASE("the whole of MNIST", "[data][mnist]") {
  const char* folder = std::getenv("EFFV2_MNIST_DIR");
  if (folder == nullptr || *folder == '\0') {
    WARN("EFFV2_MNIST_DIR is not set: nothing to look at");
    return;
  }
  const Dataset training = load_mnist(folder, Split::train, open_gzip);
  const Dataset test = load_mnist(folder, Split::test, open_gzip);
  CHECK(training.size() == 60000);
  CHECK(test.size() == 10000);
  CHECK(checksum(training) == 0xF3639B56U);
  CHECK(checksum(test) == 0xE4CA5F57U);
  CHECK(class_counts(training)[1] == 6742);
  CHECK(class_counts(test)[5] == 892);
}

}  // namespace effv2::mnist_test
