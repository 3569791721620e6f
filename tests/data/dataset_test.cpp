#include <algorithm>
#include <effv2/data/dataset.hpp>
#include <set>
#include <vector>

#include "../catch.hpp"

namespace effv2::dataset_test {

using namespace effv2::data;

namespace {

// Image i has the two pixels i and 255 - i, and label i mod 3.
Dataset numbered(std::int64_t count) {
  Tensor<std::uint8_t> images({count, 1, 2, 1});
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    images(i, 0, 0, 0) = static_cast<std::uint8_t>(i);
    images(i, 0, 1, 0) = static_cast<std::uint8_t>(255 - i);
    labels.push_back(static_cast<std::int32_t>(i % 3));
  }
  return Dataset::from(std::move(images), std::move(labels));
}

ErrorCode code_of(const Dataset& dataset) {
  try {
    dataset.validate();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::io;
}

}  // namespace

TEST_CASE("a dataset is made of the caller's pixels and labels", "[data][dataset]") {
  const std::vector<std::uint8_t> pixels = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Dataset dataset = Dataset::from(pixels, {3, 2, 2}, {1, 0, 4});
  CHECK(dataset.images.shape() == Shape{3, 2, 2, 1});
  CHECK(dataset.size() == 3);
  CHECK(dataset.classes == 5);
  CHECK(dataset.height() == 2);
  CHECK(dataset.width() == 2);
  CHECK(dataset.picture_size() == PictureSize(2, 2));
  CHECK(dataset.channels() == 1);
  CHECK(dataset.image(2).shape() == Shape{2, 2, 1});
  CHECK(dataset.image(2)[0] == 9);
  CHECK_THROWS_AS(dataset.image(3), Error);
  CHECK_THROWS_AS(dataset.image(-1), Error);
  CHECK_THROWS_AS(Dataset::from(pixels, {3, 2, 1}, {1, 0, 4}), Error);
}

TEST_CASE("a class without a name is called by its number", "[data][dataset]") {
  Dataset dataset;
  dataset.classes = 2;
  CHECK(dataset.class_name(1) == "1");
  dataset.class_names = {"ok", "scratched"};
  CHECK(dataset.class_name(1) == "scratched");
  CHECK_THROWS_AS(dataset.class_name(2), Error);
  CHECK_THROWS_AS(dataset.class_name(-1), Error);
}

TEST_CASE("a dataset that does not fit together is refused", "[data][dataset]") {
  Dataset dataset = numbered(6);
  dataset.validate();
  dataset.labels[4] = 3;
  CHECK(code_of(dataset) == ErrorCode::invalid_argument);
  dataset.labels[4] = -1;
  CHECK(code_of(dataset) == ErrorCode::invalid_argument);
  dataset.labels[4] = 2;
  dataset.labels.push_back(0);
  CHECK(code_of(dataset) == ErrorCode::shape_mismatch);
  dataset.labels.resize(6);
  dataset.class_names = {"a", "b"};
  CHECK(code_of(dataset) == ErrorCode::shape_mismatch);
  dataset.class_names.push_back("c");
  dataset.validate();
  for (const char* bad : {"a\n", "\xD6l"}) {
    dataset.class_names[2] = bad;
    CHECK(code_of(dataset) == ErrorCode::invalid_argument);
  }
  dataset.class_names[2] = "c";
  dataset.images.reshape({6, 2});
  CHECK(code_of(dataset) == ErrorCode::shape_mismatch);
  CHECK(code_of(Dataset{}) == ErrorCode::shape_mismatch);
  CHECK_THROWS_AS(Dataset::from(Tensor<std::uint8_t>({0, 2, 2}), {}), Error);
}

TEST_CASE("a subset has the images asked for in that order", "[data][dataset]") {
  const Dataset whole = numbered(7);
  const Dataset part = whole.subset(std::vector<std::int64_t>{5, 0, 5});
  REQUIRE(part.size() == 3);
  CHECK(part.labels == std::vector<std::int32_t>{2, 0, 2});
  CHECK(part.images(0, 0, 0, 0) == 5);
  CHECK(part.images(1, 0, 1, 0) == 255);
  CHECK(part.images(2, 0, 1, 0) == 250);
  CHECK(part.classes == 3);
  CHECK_THROWS_AS(whole.subset(std::vector<std::int64_t>{7}), Error);
  CHECK_THROWS_AS(whole.subset(std::vector<std::int64_t>{}), Error);

  CHECK(whole.take(2).labels == std::vector<std::int32_t>{0, 1});
  CHECK(whole.take(100).size() == 7);
  CHECK_THROWS_AS(whole.take(0), Error);

  // Labels alone make no images.
  Dataset longer = numbered(7);
  longer.labels.resize(9);
  CHECK_THROWS_AS(longer.take(9), Error);
  CHECK_THROWS_AS(longer.image(8), Error);
  CHECK_THROWS_AS(Dataset{}.image(0), Error);
  longer.labels.resize(5);
  CHECK_THROWS_AS(longer.subset(std::vector<std::int64_t>{6}), Error);
}

TEST_CASE("a stratified split takes the same part of every class", "[data][dataset]") {
  const Dataset whole = numbered(90);
  const auto [training, test] = whole.stratified_split(0.2, 7);
  CHECK(training.size() == 72);
  CHECK(test.size() == 18);
  std::vector<int> counts(3);
  std::set<int> seen;
  for (const Dataset* part : {&training, &test}) {
    for (std::int64_t i = 0; i < part->size(); ++i) {
      const int number = part->image(i)[0];
      CHECK(part->labels[static_cast<std::size_t>(i)] == number % 3);
      CHECK(seen.insert(number).second);
    }
  }
  CHECK(seen.size() == 90);
  for (const std::int32_t label : test.labels) ++counts[static_cast<std::size_t>(label)];
  CHECK(counts == std::vector<int>{6, 6, 6});

  const auto same_images = [](const Dataset& a, const Dataset& b) {
    return std::equal(a.images.begin(), a.images.end(), b.images.begin(), b.images.end());
  };
  CHECK(same_images(test, whole.stratified_split(0.2, 7).second));
  CHECK_FALSE(same_images(test, whole.stratified_split(0.2, 8).second));
  CHECK_THROWS_AS(whole.stratified_split(0.0), Error);
  CHECK_THROWS_AS(whole.stratified_split(1.0), Error);
  CHECK_THROWS_AS(whole.stratified_split(0.001), Error);
  // A sample is the second part, and may be all.
  CHECK(same_images(whole.stratified_sample(0.2, 7), test));
  CHECK(same_images(whole.stratified_sample(1.0, 7), whole));
  CHECK_THROWS_AS(whole.stratified_sample(0.0), Error);
  CHECK_THROWS_AS(whole.stratified_sample(1.1), Error);
  CHECK_THROWS_AS(whole.stratified_sample(0.001), Error);
}

TEST_CASE("a split leaves the first part some of every class", "[dataset]") {
  std::vector<std::int32_t> labels(17, 0);
  labels.insert(labels.end(), {1, 2, 2});
  const data::Dataset set{Tensor<std::uint8_t>({20, 2, 2, 1}), labels, 3, {}};
  for (const double fraction : {0.5, 0.9}) {
    const auto [first, second] = set.stratified_split(fraction);
    for (const std::int32_t label : {0, 1, 2}) {
      CHECK(std::count(first.labels.begin(), first.labels.end(), label) >= 1);
    }
    CHECK(first.size() + second.size() == 20);
  }
  CHECK(set.stratified_sample(1.0).size() == 20);
}

TEST_CASE("balanced weights let every class count alike", "[dataset]") {
  const data::Dataset set{Tensor<std::uint8_t>({8, 2, 2, 1}), {0, 0, 0, 0, 0, 0, 3, 3}, 4, {}};
  const std::vector<double> weights = set.balanced_class_weights();
  CHECK(weights == std::vector<double>{8.0 / (2 * 6), 0.0, 0.0, 8.0 / (2 * 2)});
}

TEST_CASE("two classes of one name are refused", "[dataset]") {
  const data::Dataset set{Tensor<std::uint8_t>({1, 2, 2, 1}), {0}, 2, {"a", "a"}};
  CHECK_THROWS_AS(set.validate(), Error);
}

}  // namespace effv2::dataset_test
