#include <algorithm>
#include <atomic>
#include <effv2/data/loader.hpp>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../catch.hpp"

namespace effv2::loader_test {

using namespace effv2::data;

namespace {

// Image i: all pixels of channel c are i + 50 c but the first one, which is 200; label i mod 5.
Dataset numbered(std::int64_t count, std::int64_t side = 4, std::int64_t channels = 1) {
  Tensor<std::uint8_t> images({count, side, side, channels});
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const std::int64_t image = i / (side * side * channels);
    const bool first = i % (side * side * channels) < channels;
    images[i] = static_cast<std::uint8_t>(first ? 200 : image + 50 * (i % channels));
  }
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(static_cast<std::int32_t>(i % 5));
  return Dataset::from(std::move(images), std::move(labels));
}

// Pixels come out as they are: 255 (x / 255).
LoaderOptions plain(std::int64_t batch_size) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.mean = {0};
  options.deviation = {1 / 255.0};
  options.seed = 3;
  return options;
}

template <class T>
struct Seen {
  std::vector<std::int64_t> samples, sizes;
  std::vector<std::int32_t> labels;
  std::vector<T> pixels;
  bool operator==(const Seen&) const = default;
};

template <class T>
void add(Seen<T>& seen, const Batch<T>& batch) {
  REQUIRE(batch.images.extent(0) == batch.size());
  REQUIRE(batch.samples.size() == batch.labels.size());
  seen.sizes.push_back(batch.size());
  seen.samples.insert(seen.samples.end(), batch.samples.begin(), batch.samples.end());
  seen.labels.insert(seen.labels.end(), batch.labels.begin(), batch.labels.end());
  seen.pixels.insert(seen.pixels.end(), batch.images.begin(), batch.images.end());
}

template <class T>
Seen<T> epoch_of(Loader<T>& loader, std::int64_t epoch, std::int64_t first_batch = 0) {
  Seen<T> seen;
  std::int64_t index = first_batch;
  loader.start(epoch, first_batch);
  while (const Batch<T>* batch = loader.next()) {
    CHECK(batch->epoch == epoch);
    CHECK(batch->index == index);
    CHECK(batch->first == index++ * loader.options().batch_size);
    add(seen, *batch);
  }
  CHECK(index == loader.batches());
  CHECK(loader.next() == nullptr);
  return seen;
}

Augmentation strong() {
  return {.shift = 1.5, .rotate = 20, .scale = 0.2, .shear = 10, .erase = 0.5, .fill = 9};
}

}  // namespace

TEST_CASE("every image comes once an epoch, with its label", "[data][loader]") {
  const Dataset dataset = numbered(23);
  for (const bool prefetch : {false, true}) {
    LoaderOptions options = plain(5);
    options.prefetch = prefetch;
    Loader<float> loader(dataset, options);
    CHECK(loader.batches() == 5);
    CHECK(loader.samples() == 23);
    CHECK_THROWS_AS(loader.next(), Error);  // before start()
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      const Seen<float> seen = epoch_of(loader, epoch);
      CHECK(seen.sizes == std::vector<std::int64_t>{5, 5, 5, 5, 3});
      CHECK(std::set<std::int64_t>(seen.samples.begin(), seen.samples.end()).size() == 23);
      for (std::size_t i = 0; i < seen.samples.size(); ++i) {
        REQUIRE(seen.labels[i] == seen.samples[i] % 5);
        REQUIRE(seen.pixels[16 * i] == Approx(200));
        REQUIRE(seen.pixels[16 * i + 1] == Approx(seen.samples[i]));
      }
    }
  }
}

TEST_CASE("the order depends on seed and epoch alone", "[data][loader]") {
  const Dataset dataset = numbered(40);
  LoaderOptions options = plain(7);
  Loader<float> loader(dataset, options), other(dataset, options);
  const Seen<float> second = epoch_of(loader, 1), first = epoch_of(loader, 0);
  CHECK(first.samples != second.samples);
  CHECK(epoch_of(other, 0) == first);
  options.prefetch = false;
  other.set_options(options);
  CHECK(epoch_of(other, 1) == second);
  options.batch_size = 11;
  other.set_options(options);
  CHECK(epoch_of(other, 1).samples == second.samples);
  options.seed = 4;
  other.set_options(options);
  CHECK(epoch_of(other, 0).samples != first.samples);
}

TEST_CASE("any number of threads makes the same batches", "[data][loader]") {
  const Dataset dataset = numbered(23, 8);
  for (const PictureSize size : {PictureSize(), PictureSize(5), PictureSize(4, 7)}) {
    LoaderOptions options = plain(10);
    options.image_size = size;
    options.augmentation = strong();
    options.augmentation.elastic = 1.0;
    options.augmentation.rand_augment = RandAugment::for_digits(9);
    options.mixup = 0.2;
    Loader<float> loader(dataset, options);
    const Seen<float> first = epoch_of(loader, 0), second = epoch_of(loader, 1);
    for (const int threads : {1, 2, 3, 16}) {
      for (const bool prefetch : {false, true}) {
        options.threads = threads, options.prefetch = prefetch;
        loader.set_options(options);
        CHECK(epoch_of(loader, 0) == first);
        CHECK(epoch_of(loader, 1) == second);
      }
    }
  }
}

TEST_CASE("a team with all the cores prepares its own batches", "[data][loader]") {
  LoaderOptions options = plain(10);
  options.threads = 3;
  CHECK(options.beside(1).prefetch);
  if (available_threads() == 1) return;
  const LoaderOptions all = options.beside(available_threads());
  CHECK_FALSE(all.prefetch);
  CHECK(all.threads == available_threads());
  const LoaderOptions some = options.beside(available_threads() - 1);
  CHECK(some.prefetch);
  CHECK(some.threads == 3);
}

TEST_CASE("evaluation takes all images in order and unchanged", "[data][loader]") {
  const Dataset dataset = numbered(23);
  LoaderOptions options = plain(10);
  options.drop_last = true;
  options.augmentation = strong();
  Loader<float> loader(dataset, options.evaluation());
  const Seen<float> seen = epoch_of(loader, 4);
  REQUIRE(seen.samples.size() == 23);
  for (std::size_t i = 0; i < 23; ++i) {
    CHECK(seen.samples[i] == static_cast<std::int64_t>(i));
    CHECK(seen.pixels[16 * i + 15] == Approx(i));
  }
}

TEST_CASE("drop_last leaves out the rest", "[data][loader]") {
  const Dataset dataset = numbered(23);
  LoaderOptions options = plain(5);
  options.drop_last = true;
  Loader<float> loader(dataset, options);
  CHECK(loader.batches() == 4);
  CHECK(loader.samples() == 20);
  CHECK(epoch_of(loader, 0).sizes == std::vector<std::int64_t>{5, 5, 5, 5});
  options.batch_size = 24;
  loader.set_options(options);
  CHECK(loader.batches() == 0);
  CHECK(epoch_of(loader, 0).samples.empty());
}

TEST_CASE("a run resumed at a batch is the tail of the whole run", "[data][loader]") {
  const Dataset dataset = numbered(40, 8);
  LoaderOptions options = plain(6);
  options.augmentation = strong();
  for (const bool prefetch : {false, true}) {
    options.prefetch = prefetch;
    Loader<float> loader(dataset, options);
    const Seen<float> whole = epoch_of(loader, 5);
    for (std::int64_t first = 0; first <= loader.batches(); ++first) {
      const Seen<float> tail = epoch_of(loader, 5, first);
      const std::size_t skipped = std::min<std::size_t>(40, static_cast<std::size_t>(6 * first));
      REQUIRE(tail.samples.size() == 40 - skipped);
      CHECK(std::equal(tail.samples.begin(), tail.samples.end(),
                       whole.samples.begin() + static_cast<std::ptrdiff_t>(skipped)));
      CHECK(std::equal(tail.pixels.begin(), tail.pixels.end(),
                       whole.pixels.begin() + static_cast<std::ptrdiff_t>(64 * skipped)));
    }
    CHECK_THROWS_AS(loader.start(0, -1), Error);
    CHECK_THROWS_AS(loader.start(0, loader.batches() + 1), Error);
    CHECK_THROWS_AS(loader.start(-1), Error);
  }
}

TEST_CASE("any batch can be had beside the epoch under way", "[data][loader]") {
  const Dataset dataset = numbered(20, 8);
  LoaderOptions options = plain(6);
  options.augmentation = strong();
  options.image_size = 6;
  Loader<double> loader(dataset, options);
  loader.start(2);
  for (std::int64_t index = 0; index < 4; ++index) {
    const Batch<double> alone = loader.batch(2, index);
    const Batch<double>* batch = loader.next();
    REQUIRE(batch != nullptr);
    CHECK(alone.samples == batch->samples);
    CHECK(alone.first == batch->first);
    CHECK(std::equal(alone.images.begin(), alone.images.end(), batch->images.begin(),
                     batch->images.end()));
  }
  CHECK_THROWS_AS(loader.batch(0, 4), Error);
  CHECK_THROWS_AS(loader.batch(0, -1), Error);
}

TEST_CASE("an augmented image depends on seed, epoch and sample, not on its batch",
          "[data][loader]") {
  const Dataset dataset = numbered(12, 8);
  LoaderOptions options = plain(12);
  options.augmentation = strong();
  options.shuffle = false;
  Loader<float> loader(dataset, options);
  const Seen<float> first = epoch_of(loader, 0), second = epoch_of(loader, 1);
  CHECK(first.pixels != second.pixels);
  options.batch_size = 5;
  loader.set_options(options);
  CHECK(epoch_of(loader, 0).pixels == first.pixels);
  options.seed = 99;
  loader.set_options(options);
  CHECK(epoch_of(loader, 0).pixels != first.pixels);
}

TEST_CASE("a batch is what resizing, warping and normalising give one by one", "[data][loader]") {
  const Dataset dataset = numbered(3, 8, 3);
  LoaderOptions options;
  options.mean = {0.5, 0.25, 0.125};
  options.deviation = {0.5, 1, 2};
  options.shuffle = false;
  const PictureSize sizes[] = {{}, 8, 5, 12, {5, 7}, {9, 12}, {5, 12}};
  for (const PictureSize size : sizes) {
    for (const bool augmented : {false, true}) {
      options.image_size = size;
      options.augmentation = augmented ? Augmentation{.shift = 2, .rotate = 30} : Augmentation{};
      const Loader<double> loader(dataset, options);
      const Batch<double> batch = loader.batch(1, 0);
      const auto [height, width] = size.value_or(8);
      REQUIRE(batch.images.shape() == Shape{3, height, width, 3});
      REQUIRE(batch.images.shape() == loader.shape(3));
      for (std::int64_t n = 0; n < 3; ++n) {
        const View<const std::uint8_t> image = dataset.image(n);
        Tensor<double> whole({8, 8, 3}), expected({height, width, 3});
        std::copy(image.begin(), image.end(), whole.begin());
        const Tensor<double> resized = resize(whole, height, width);
        std::copy(resized.begin(), resized.end(), expected.begin());
        if (augmented) {
          const Warp warp = options.augmentation.draw(8, 8, {0, streams::augment, 1},
                                                      static_cast<std::uint32_t>(n));
          if (height < 8 || width < 8) {
            warp_into<double, double>(warp, expected, resized, 0.0, nullptr, 8);
          } else {
            warp_into<double, std::uint8_t>(warp, expected, image, 0.0);
          }
        }
        for (std::int64_t i = 0; i < expected.size(); ++i) {
          const auto c = static_cast<std::size_t>(i % 3);
          const double value = (expected[i] / 255 - options.mean[c]) / options.deviation[c];
          REQUIRE(batch.images[n * expected.size() + i] == Approx(value).margin(1e-12));
        }
      }
    }
  }
}

TEST_CASE("erasing alone needs no warp", "[data][loader]") {
  const Dataset dataset = numbered(4, 8);
  LoaderOptions options = plain(4);
  options.augmentation = {.erase = 1, .erase_area = 1, .fill = 250};
  const Loader<float> loader(dataset, options);
  const Batch<float> batch = loader.batch(0, 0);
  const auto erased = std::count_if(batch.images.begin(), batch.images.end(),
                                    [](float value) { return value > 249.0F; });
  CHECK(erased >= 4);
  CHECK(erased < batch.images.size());
}

TEST_CASE("mixed images are what the batch would be without, mixed by its weights",
          "[data][loader]") {
  const Dataset dataset = numbered(9, 6);
  LoaderOptions options = plain(4);
  options.augmentation = strong();
  const Batch<double> pure = Loader<double>(dataset, options).batch(3, 1);
  CHECK(pure.mix.empty());
  options.mixup = 0.4;
  const Batch<double> mixed = Loader<double>(dataset, options).batch(3, 1);
  REQUIRE(mixed.mix.size() == 4);
  CHECK(mixed.labels == pure.labels);
  Tensor<double> expected(pure.images);
  mix_rows<double>(expected, mixed.mix);
  bool all_whole = true;
  for (const float weight : mixed.mix) {
    CHECK(weight >= 0.5F);
    CHECK(weight <= 1.0F);
    all_whole = all_whole && weight > 0.999F;
  }
  CHECK_FALSE(all_whole);
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    REQUIRE(mixed.images[i] == Approx(expected[i]));
  }
  CHECK(Loader<double>(dataset, options.evaluation()).batch(0, 0).mix.empty());
}

TEST_CASE("RandAugment comes before resizing and warping", "[data][loader]") {
  const Dataset dataset = numbered(5, 12, 3);
  LoaderOptions options = plain(5);
  options.augmentation.rand_augment.magnitude = 8;
  for (const std::int64_t size : {0, 9}) {
    options.image_size = size;
    const Batch<double> batch = Loader<double>(dataset, options).batch(2, 0);
    std::vector<std::uint8_t> copy;
    for (std::int64_t n = 0; n < 5; ++n) {
      const std::int64_t sample = batch.samples[static_cast<std::size_t>(n)];
      const View<const std::uint8_t> source = dataset.image(sample);
      Tensor<std::uint8_t> image({12, 12, 3});
      std::copy(source.begin(), source.end(), image.begin());
      rand_augment(image, options.augmentation.rand_augment, 0, {options.seed, streams::augment, 2},
                   static_cast<std::uint32_t>(sample), Augmentation::first_of_rand_augment, copy);
      Tensor<double> expected(image.shape());
      std::copy(image.begin(), image.end(), expected.begin());
      if (size > 0) expected = resize(expected, size, size);
      for (std::int64_t i = 0; i < expected.size(); ++i) {
        const double value = (expected[i] / 255 - options.mean[0]) / options.deviation[0];
        REQUIRE(batch.images[n * expected.size() + i] == Approx(value).margin(1e-9));
      }
    }
  }
}

TEST_CASE("elastic distortion is in pixels of the source at every size", "[data][loader]") {
  const Dataset dataset = numbered(3, 24);
  LoaderOptions options = plain(3);
  options.shuffle = false, options.augmentation.elastic = 1.2;
  const PictureSize sizes[] = {{}, 12, 30, {12, 20}, {30, 12}};
  for (const PictureSize size : sizes) {
    options.image_size = size;
    const Batch<double> batch = Loader<double>(dataset, options).batch(1, 0);
    const auto [height, width] = size.value_or(24);
    for (std::int64_t n = 0; n < 3; ++n) {
      const View<const std::uint8_t> source = dataset.image(n);
      Displacement field;
      field.draw(1.2, height, width, {options.seed, streams::augment, 1},
                 static_cast<std::uint32_t>(n), Augmentation::first_of_displacement);
      Tensor<double> image(source.shape()), expected({height, width, 1});
      std::copy(source.begin(), source.end(), image.begin());
      if (height < 24 || width < 24) image = resize(image, height, width);
      warp_into<double, double>({}, expected, image, 0.0, &field, 24);
      for (std::int64_t i = 0; i < expected.size(); ++i) {
        const double value = (expected[i] / 255 - options.mean[0]) / options.deviation[0];
        REQUIRE(batch.images[n * expected.size() + i] == Approx(value).margin(1e-9));
      }
    }
  }
}

TEST_CASE("options that make no sense are refused, and change nothing", "[data][loader]") {
  const Dataset dataset = numbered(9);
  Loader<float> loader(dataset, plain(4));
  const Seen<float> before = epoch_of(loader, 0);
  const auto refused = [&](auto&& change) {
    LoaderOptions options = plain(4);
    change(options);
    CHECK_THROWS_AS(loader.set_options(options), Error);
    CHECK_THROWS_AS(Loader<float>(dataset, options), Error);
  };
  refused([](LoaderOptions& options) { options.batch_size = 0; });
  refused([](LoaderOptions& options) { options.image_size = -1; });
  refused([](LoaderOptions& options) { options.mean = {0.1, 0.2}; });
  refused([](LoaderOptions& options) { options.deviation = {0}; });
  refused([](LoaderOptions& options) { options.augmentation.scale = 1; });
  refused([](LoaderOptions& options) { options.threads = 0; });
  refused([](LoaderOptions& options) { options.threads = max_threads + 1; });
  CHECK(epoch_of(loader, 0) == before);
  // Half of MNIST's normalisation is not that of colours.
  const Dataset colours = numbered(9, 4, 3);
  CHECK_THROWS_AS(Loader<float>(colours, {.mean = {0.4, 0.5, 0.6}}), Error);
  CHECK_THROWS_AS(Loader<float>(colours, {.deviation = {0.4, 0.5, 0.6}}), Error);
  // Not even the epoch under way.
  loader.start(0);
  const Batch<float>* batch = loader.next();
  REQUIRE(batch != nullptr);
  refused([](LoaderOptions& options) { options.batch_size = 0; });
  batch = loader.next();
  REQUIRE(batch != nullptr);
  CHECK(batch->labels == loader.batch(0, 1).labels);

  Dataset damaged = numbered(9);
  damaged.labels[3] = 5;
  CHECK_THROWS_AS(Loader<float>(damaged), Error);
}

TEST_CASE("what has become of the data in the meantime is noticed", "[data][loader]") {
  Dataset dataset = numbered(9);
  for (const bool prefetch : {false, true}) {
    LoaderOptions options = plain(9);
    options.prefetch = prefetch, options.shuffle = false;
    Loader<float> loader(dataset, options);
    for (const std::int32_t wrong : {5, -1}) {
      dataset.labels[4] = wrong;
      loader.start(0);
      CHECK_THROWS_AS(loader.next(), Error);
    }
    dataset.labels[4] = 2;  // corrected
    loader.start(0);
    const Batch<float>* batch = loader.next();
    REQUIRE(batch != nullptr);
    CHECK(batch->labels[4] == 2);
    loader.start(0);
    if (prefetch) loader.next();  // nothing is under way while the pictures change
    dataset.images.reshape({9, 2, 8, 1});
    loader.start(0);
    CHECK_THROWS_AS(loader.next(), Error);
    loader.set_options(options);
    loader.start(0);
    CHECK(loader.next() != nullptr);
    dataset.images.reshape({9, 4, 4, 1});
    loader.set_options(options);
    loader.start(0);
    if (prefetch) loader.next();
    for (const std::size_t labels : {10U, 8U}) {
      dataset.labels.resize(labels, 0);
      loader.start(0);
      CHECK_THROWS_AS(loader.next(), Error);
    }
    dataset.labels.resize(9, 0);
  }
}

TEST_CASE("an exception on another thread reaches the caller, who may try again",
          "[data][loader]") {
  const Dataset dataset = numbered(12);
  for (const int threads : {0, 1, 3}) {
    LoaderOptions options = plain(4);
    options.prefetch = threads == 0;
    options.threads = std::max(1, threads);
    options.shuffle = false;
    std::atomic<int> failures = 2;
    Loader<float> loader(dataset, options, [&](View<float> image, std::int64_t sample) {
      if (sample == 5 && failures > 0) {
        --failures;
        throw std::runtime_error("sample 5");
      }
      image[0] += 0.5F;
    });
    loader.start(0);
    REQUIRE(loader.next() != nullptr);
    CHECK_THROWS_WITH(loader.next(), "sample 5");
    CHECK_THROWS_WITH(loader.next(), "sample 5");
    const Batch<float>* batch = loader.next();
    REQUIRE(batch != nullptr);
    CHECK(batch->index == 1);
    CHECK(batch->samples == std::vector<std::int64_t>{4, 5, 6, 7});
    CHECK(batch->images[0] == Approx(200.5));
    REQUIRE(loader.next() != nullptr);
    CHECK(loader.next() == nullptr);
  }
}

TEST_CASE("a failure nobody has asked for is dropped by a new start", "[data][loader]") {
  const Dataset dataset = numbered(12);
  std::atomic<bool> failing = true;
  Loader<float> loader(dataset, plain(4), [&](View<float>, std::int64_t) {
    if (failing) throw std::runtime_error("dropped");
  });
  loader.start(0);
  CHECK_THROWS_WITH(loader.next(), "dropped");
  loader.start(0);
  loader.start(1, loader.batches());
  CHECK(loader.next() == nullptr);
  failing = false;
  CHECK(epoch_of(loader, 2).samples.size() == 12);
}

TEST_CASE("a batch stays as it is while the next one is prepared", "[data][loader]") {
  const Dataset dataset = numbered(40);
  std::atomic<int> prepared = 0;
  Loader<float> loader(dataset, plain(4), [&](View<float>, std::int64_t) { ++prepared; });
  loader.start(0);
  for (int index = 0; index < 10; ++index) {
    const Batch<float>* batch = loader.next();
    REQUIRE(batch != nullptr);
    // Until the one after is finished too: it must not come into this one.
    while (prepared < std::min(40, 4 * (index + 2))) std::this_thread::yield();
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(batch->images[static_cast<std::int64_t>(16 * i + 1)] == Approx(batch->samples[i]));
    }
  }
}

TEST_CASE("batches come from the same memory again and again", "[data][loader]") {
  const Dataset dataset = numbered(22, 8);
  LoaderOptions options = plain(4);
  options.augmentation = strong();
  options.image_size = 5;
  Loader<float> loader(dataset, options);
  std::set<const void*> addresses;
  for (std::int64_t epoch = 0; epoch < 6; ++epoch) {
    loader.start(epoch);
    while (const Batch<float>* batch = loader.next()) {
      const std::size_t before = addresses.size();
      addresses.insert(batch->images.data());
      addresses.insert(batch->labels.data());
      addresses.insert(batch->samples.data());
      if (epoch >= 2) CHECK(addresses.size() == before);
    }
  }
}

TEST_CASE("a loader can be left at any moment", "[data][loader]") {
  const Dataset dataset = numbered(40);
  for (std::int64_t taken = 0; taken < 5; ++taken) {
    Loader<float> loader(dataset, plain(4));
    loader.start(0);
    for (std::int64_t i = 0; i < taken; ++i) loader.next();
  }
  Loader<float> loader(dataset, plain(4));
  for (std::int64_t epoch = 0; epoch < 50; ++epoch) {
    loader.start(epoch, epoch % 9);
    if (epoch % 3 == 0) loader.next();
    if (epoch % 7 == 0) loader.set_options(plain(4 + epoch % 2));
  }
  CHECK(epoch_of(loader, 0).samples.size() == 40);
}

}  // namespace effv2::loader_test
