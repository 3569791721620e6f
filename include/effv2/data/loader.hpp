// Batches of normalised images, prepared while the ones before are in use.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/memory.hpp"
#include "../core/parallel.hpp"
#include "../core/picture_size.hpp"
#include "../core/random.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "augment.hpp"
#include "background.hpp"
#include "dataset.hpp"
#include "mixup.hpp"
#include "normalize.hpp"
#include "permutation.hpp"
#include "resize.hpp"

namespace effv2::inline EFFV2_ISA::data {

template <class T>
struct Batch {
  Tensor<T> images;  // (B, H, W, C)
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> samples;  // which images of the dataset
  std::vector<float> mix;             // weights of mix_rows, if images were mixed
  std::int64_t epoch = 0, index = 0;
  std::int64_t first = 0;  // position in the epoch's order of the first image

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
};

/// How images become batches: how many, of which size, changed and scaled how, prepared by whom.
struct LoaderOptions {
  std::int64_t batch_size = 128;
  PictureSize image_size = {};  // to resize to; the default leaves pictures alone
  // Of pixels in [0, 1]: one number per channel, or one for all. The default is MNIST's, and
  // refused for pictures of several channels: they want those of
  // channel_statistics(training.images).
  std::vector<double> mean = {0.1307}, deviation = {0.3081};
  bool shuffle = true;
  bool drop_last = false;  // no last batch of fewer images
  Augmentation augmentation = {};
  double mixup = 0.0;  // alpha of Mixup, at most 1; 0: none
  std::uint64_t seed = 0;
  bool prefetch = true;  // on a thread of the loader's own, else in next()
  int threads = 1;       // that prepare the images of one batch

  /// The same for measuring: every image once, in order, unchanged.
  LoaderOptions evaluation() const {
    LoaderOptions options = *this;
    options.shuffle = options.drop_last = false;
    options.augmentation = {};
    options.mixup = 0.0;
    return options;
  }

  /// The same while `team` threads work on the batches: several that have all the cores prepare the
  /// batches too. A further thread would take turns with one of them, and the others wait for that
  /// one at the end of every loop.
  LoaderOptions beside(int team) const {
    LoaderOptions options = *this;
    if (team > 1 && team >= available_threads()) options.prefetch = false, options.threads = team;
    return options;
  }
};

/// Cuts a dataset, which must outlive it, into batches. What is in batch `index` of epoch `epoch`
/// depends on these two and the options alone, so a run can be resumed anywhere:
///
///   loader.start(epoch);
///   while (const Batch<float>* batch = loader.next()) ...
///
/// After the first epoch nothing is allocated any more. Used by one thread at a time.
template <class T>
class Loader {
 public:
  /// Called for every finished image (H, W, C) with its index in the dataset; from the background
  /// if batches are prefetched, and from several threads at once if the options name as many.
  using Transform = std::function<void(View<T> image, std::int64_t sample)>;

  explicit Loader(const Dataset& dataset, LoaderOptions options = {}, Transform transform = {})
      : dataset_(&dataset),
        transform_(std::move(transform)),
        background_([this] { fill(buffers_[back_], position_, order_, works_); }) {
    dataset.validate();
    configure(std::move(options));
  }
  explicit Loader(const Dataset&&, LoaderOptions = {}, Transform = {}) = delete;

  const LoaderOptions& options() const { return options_; }

  /// Other options, another image size say, from the next start() on. Ends the epoch.
  void set_options(LoaderOptions options) {
    background_.wait();
    configure(std::move(options));
  }

  /// Images and batches in an epoch.
  std::int64_t samples() const {
    return options_.drop_last ? batches() * options_.batch_size : dataset_->size();
  }
  std::int64_t batches() const {
    const std::int64_t whole = dataset_->size() / options_.batch_size;
    const bool rest = dataset_->size() % options_.batch_size != 0 && !options_.drop_last;
    return whole + (rest ? 1 : 0);
  }

  /// The shape of one batch of `count` images.
  Shape shape(std::int64_t count) const {
    const auto [height, width] = options_.image_size.value_or(dataset_->picture_size());
    return {count, height, width, dataset_->channels()};
  }

  /// Begins an epoch, at batch `first_batch`. Whatever was begun before is dropped.
  void start(std::int64_t epoch, std::int64_t first_batch = 0) {
    EFFV2_CHECK(epoch >= 0 && first_batch >= 0 && first_batch <= batches(),
                ErrorCode::invalid_argument,
                "[loader] expected an epoch >= 0 and a batch in 0 ... ", batches(), ", got epoch ",
                epoch, ", batch ", first_batch);
    background_.wait();
    position_ = batches();
    set_order(order_, epoch);
    position_ = first_batch, started_ = true;
    if (options_.prefetch && position_ < batches()) background_.begin();
  }

  /// The next batch, or nullptr after the last. It stays valid until the next call of next(),
  /// start() or set_options(). After an exception, next() tries the same batch again. Throws
  /// Error(invalid_argument) if no epoch was started.
  const Batch<T>* next() {
    EFFV2_CHECK(started_, ErrorCode::invalid_argument, "[loader] next() before start(epoch)");
    if (position_ >= batches()) return nullptr;
    if (!options_.prefetch) {
      fill(buffers_[back_], position_, order_, works_);
      ++position_;
      return &buffers_[back_];
    }
    if (!background_.begun()) background_.begin();
    background_.finish();
    const Batch<T>& ready = buffers_[back_];
    back_ = 1 - back_;
    if (++position_ < batches()) background_.begin();
    return &ready;
  }

  /// Any batch, made on the spot, beside the epoch under way.
  Batch<T> batch(std::int64_t epoch, std::int64_t index) const {
    EFFV2_CHECK(epoch >= 0 && index >= 0 && index < batches(), ErrorCode::invalid_argument,
                "[loader] batch ", index, " of ", batches(), " in epoch ", epoch);
    Order order;
    set_order(order, epoch);
    Work work = make_work();
    Batch<T> batch;
    fill(batch, index, order, {&work, 1});
    return batch;
  }

 private:
  struct Order {
    std::int64_t epoch = 0;
    std::vector<std::int64_t> samples;
  };
  // What one thread needs to prepare images.
  struct Work {
    Resizer<T> resizer;
    Tensor<T> resized;  // (H', W', C), when there is a warp after it
    Displacement displacement;
    std::vector<std::uint8_t> altered, copy;  // an image that RandAugment has changed
  };

  EFFV2_SETUP void configure(LoaderOptions options) {
    EFFV2_CHECK(options.batch_size >= 1, ErrorCode::invalid_argument,
                "[loader] expected a batch size of at least 1, got ", options.batch_size);
    options.image_size.validated();
    EFFV2_CHECK(options.threads >= 1 && options.threads <= max_threads, ErrorCode::invalid_argument,
                "[loader] expected 1 ... ", max_threads, " threads, got ", options.threads);
    options.augmentation.validate();
    EFFV2_CHECK(options.mixup >= 0.0 && options.mixup <= 1.0, ErrorCode::invalid_argument,
                "[loader] expected an alpha of mixup in [0, 1], got ", options.mixup);
    const LoaderOptions initial;
    EFFV2_CHECK(dataset_->channels() == 1 ||
                    (options.mean != initial.mean && options.deviation != initial.deviation),
                ErrorCode::invalid_argument,
                "[loader] mean or deviation is MNIST's, and pictures of ", dataset_->channels(),
                " channels want their own: those of channel_statistics(), or of a model's card");
    Normalizer<T> normalizer(options.mean, options.deviation, dataset_->channels());
    std::swap(options_, options);
    try {
      std::vector<Work> works;
      for (int t = 0; t < options_.threads; ++t) works.push_back(make_work());
      works_ = std::move(works);
    } catch (...) {
      std::swap(options_, options);
      throw;
    }
    normalizer_ = std::move(normalizer);
    known_images_ = dataset_->images.shape();
    position_ = batches();
  }

  bool resizes() const { return shape(1) != whole_shape(1); }
  bool shrinks() const {
    return shape(1)[1] < dataset_->height() || shape(1)[2] < dataset_->width();
  }
  Shape whole_shape(std::int64_t count) const {
    return {count, dataset_->height(), dataset_->width(), dataset_->channels()};
  }

  Work make_work() const {
    Work work;
    if (!resizes()) return work;
    const Shape target = shape(1);
    work.resizer =
        Resizer<T>(dataset_->height(), dataset_->width(), target[1], target[2], target[3]);
    work.resized = Tensor<T>::uninitialized({target[1], target[2], target[3]});
    return work;
  }

  void set_order(Order& order, std::int64_t epoch) const {
    order.epoch = epoch;
    order.samples.resize(static_cast<std::size_t>(dataset_->size()));
    if (options_.shuffle) {
      permute(order.samples, {options_.seed, streams::shuffle, static_cast<std::uint32_t>(epoch)});
    } else {
      std::iota(order.samples.begin(), order.samples.end(), std::int64_t{0});
    }
  }

  // With a thread for each of `works`.
  void fill(Batch<T>& batch, std::int64_t index, const Order& order, std::span<Work> works) const {
    EFFV2_CHECK(dataset_->images.shape() == known_images_ && dataset_->size() == known_images_[0],
                ErrorCode::shape_mismatch, "[loader] the dataset's images were ", known_images_,
                " with a label each and are ", dataset_->images.shape(), " with ", dataset_->size(),
                " labels: set_options() takes notice of that");
    batch.epoch = order.epoch;
    batch.index = index;
    batch.first = index * options_.batch_size;
    const std::int64_t count = std::min(options_.batch_size, samples() - batch.first);
    batch.samples.assign(order.samples.begin() + batch.first,
                         order.samples.begin() + batch.first + count);
    if (batch.images.shape() != shape(count)) {
      batch.images = Tensor<T>::uninitialized(shape(count), pool_.get());
    }
    batch.labels.clear();
    for (const std::int64_t sample : batch.samples) {
      const std::int32_t label = dataset_->labels[static_cast<std::size_t>(sample)];
      EFFV2_CHECK(label >= 0 && label < dataset_->classes, ErrorCode::invalid_argument,
                  "[loader] expected labels in [0, ", dataset_->classes, "), got ", label,
                  " for image ", sample);
      batch.labels.push_back(label);
    }
    const Shape image{batch.images.extent(1), batch.images.extent(2), batch.images.extent(3)};
    const auto parts = static_cast<std::int64_t>(works.size());
    parallel_for(parts, static_cast<int>(parts), [&, count](std::int64_t part) {
      for (std::int64_t i = count * part / parts; i < count * (part + 1) / parts; ++i) {
        const std::int64_t sample = batch.samples[static_cast<std::size_t>(i)];
        const View<T> target(batch.images.data() + i * image.size(), image);
        prepare(target, sample, order.epoch, works[static_cast<std::size_t>(part)]);
        if (transform_) transform_(target, sample);
      }
    });
    mix(batch, order.epoch);
  }

  // Each image keeps the larger part of itself, as in the paper's code.
  void mix(Batch<T>& batch, std::int64_t epoch) const {
    batch.mix.clear();
    if (options_.mixup == 0.0) return;
    const RandomStream random{options_.seed, streams::mixup, static_cast<std::uint32_t>(epoch)};
    for (const std::int64_t sample : batch.samples) {
      const double weight =
          symmetric_beta(options_.mixup, random, static_cast<std::uint32_t>(sample), 0);
      batch.mix.push_back(static_cast<float>(std::max(weight, 1.0 - weight)));
    }
    mix_rows<T>(batch.images, batch.mix);
  }

  // An image of the dataset, or what RandAugment makes of it.
  View<const std::uint8_t> picture(std::int64_t sample, const RandomStream& random,
                                   Work& work) const {
    const View<const std::uint8_t> source = dataset_->image(sample);
    const Augmentation& augmentation = options_.augmentation;
    if (!augmentation.rand_augment.active()) return source;
    work.altered.assign(source.begin(), source.end());
    rand_augment({work.altered.data(), source.shape()}, augmentation.rand_augment,
                 augmentation.fill, random, static_cast<std::uint32_t>(sample),
                 Augmentation::first_of_rand_augment, work.copy);
    return {work.altered.data(), source.shape()};
  }

  void prepare(const View<T>& target, std::int64_t sample, std::int64_t epoch, Work& work) const {
    const Augmentation& augmentation = options_.augmentation;
    const auto number = static_cast<std::uint32_t>(sample);
    const RandomStream random{options_.seed, streams::augment, static_cast<std::uint32_t>(epoch)};
    const auto fill_value = static_cast<T>(augmentation.fill);
    const View<const std::uint8_t> source = picture(sample, random, work);

    if (!augmentation.warps() && augmentation.erase == 0.0 && !resizes()) {
      normalizer_(target, source);
      return;
    }
    if (!augmentation.warps() && resizes()) {
      work.resizer(target, source);
    } else {
      const PictureSize size(source.extent(0), source.extent(1));
      const Warp warp = augmentation.draw(size.height, size.width, random, number);
      const Displacement* displacement = nullptr;
      if (augmentation.elastic > 0.0) {
        work.displacement.draw(augmentation.elastic, target.extent(0), target.extent(1), random,
                               number, Augmentation::first_of_displacement);
        displacement = &work.displacement;
      }
      if (shrinks()) {
        // The warp looks at four pixels only: what it gets must have the final size already.
        work.resizer(work.resized.view(), source);
        warp_into<T, T>(warp, target, work.resized, fill_value, displacement, size);
      } else {
        warp_into<T, std::uint8_t>(warp, target, source, fill_value, displacement);
      }
    }
    if (augmentation.erase > 0.0) erase_rectangle(target, augmentation, random, number);
    normalizer_(target);
  }

  const Dataset* dataset_;
  Shape known_images_;  // of the dataset, when what works on them was made
  Transform transform_;
  LoaderOptions options_;
  Normalizer<T> normalizer_;
  Order order_;
  bool started_ = false;
  std::int64_t position_ = 0;  // the index of the batch that next() gives next
  std::array<Batch<T>, 2> buffers_;
  std::size_t back_ = 0;  // the buffer that is prepared; the caller has the other
  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
  std::vector<Work> works_;  // one for each thread
  Background background_;    // last, so that its thread ends before all it works on
};

}  // namespace effv2::inline EFFV2_ISA::data
