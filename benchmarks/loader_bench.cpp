// Batches of 128 digits, prepared by one thread: how fast each kind of augmentation is. Training
// asks for fewer (a V2-S takes some hundreds of images a second).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <effv2/effv2.hpp>

using namespace effv2::data;

namespace {

constexpr std::int64_t batch = 128;

Augmentation affine() { return {.shift = 2.0, .rotate = 10.0, .scale = 0.1}; }

Augmentation elastic() {
  Augmentation all = affine();
  all.shear = 10.0, all.stretch = 0.1, all.elastic = 1.0, all.erase = 0.5;
  return all;
}

Augmentation rand_augment() {
  Augmentation all = affine();
  all.rand_augment = RandAugment::for_digits(15.0);
  return all;
}

void images(benchmark::State& state, const Augmentation& augmentation, std::int64_t size) {
  Dataset dataset;
  dataset.images = effv2::Tensor<std::uint8_t>({10 * batch, 28, 28, 1});
  for (std::int64_t i = 0; i < dataset.images.size(); ++i) {
    dataset.images[i] = static_cast<std::uint8_t>(i % 251);
  }
  dataset.labels.assign(10 * batch, 1);
  dataset.classes = 10;
  Loader<float> loader(dataset, {.batch_size = batch,
                                 .image_size = size,
                                 .augmentation = augmentation,
                                 .mixup = 0.2,
                                 .prefetch = false});
  std::int64_t epoch = 0;
  loader.start(epoch);
  for (auto _ : state) {
    const Batch<float>* next = loader.next();
    if (next == nullptr) loader.start(++epoch), next = loader.next();
    benchmark::DoNotOptimize(next->images.data());
  }
  state.SetItemsProcessed(state.iterations() * batch);
}

}  // namespace

BENCHMARK_CAPTURE(images, plain, Augmentation{}, 0)->Name("loader/plain");
BENCHMARK_CAPTURE(images, resized, Augmentation{}, 20)->Name("loader/resized");
BENCHMARK_CAPTURE(images, affine, affine(), 0)->Name("loader/affine");
BENCHMARK_CAPTURE(images, elastic, elastic(), 0)->Name("loader/elastic_and_erasing");
BENCHMARK_CAPTURE(images, rand_augment, rand_augment(), 0)->Name("loader/rand_augment");
