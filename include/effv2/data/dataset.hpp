// Labelled images in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "permutation.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// Pixels as bytes, one label per image. Fill it in by hand and call validate(), or use from().
struct Dataset {
  Tensor<std::uint8_t> images;  // (N, H, W, C)
  std::vector<std::int32_t> labels;
  std::int64_t classes = 0;
  std::vector<std::string> class_names;  // empty, or one per class

  /// Checked. Images (N, H, W) count as (N, H, W, 1); classes = 0 stands for the largest label + 1.
  static Dataset from(Tensor<std::uint8_t> images, std::vector<std::int32_t> labels,
                      std::int64_t classes = 0, std::vector<std::string> class_names = {}) {
    if (images.rank() == 3) {
      images.reshape({images.extent(0), images.extent(1), images.extent(2), 1});
    }
    if (classes == 0 && !labels.empty()) {
      classes = std::int64_t{*std::max_element(labels.begin(), labels.end())} + 1;
    }
    Dataset dataset{std::move(images), std::move(labels), classes, std::move(class_names)};
    dataset.validate();
    return dataset;
  }

  /// The same from a copy of the caller's pixels.
  static Dataset from(std::span<const std::uint8_t> pixels, const Shape& shape,
                      std::vector<std::int32_t> labels, std::int64_t classes = 0,
                      std::vector<std::string> class_names = {}) {
    return from(Tensor<std::uint8_t>::from(shape, pixels), std::move(labels), classes,
                std::move(class_names));
  }

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t height() const { return images.extent(1); }
  std::int64_t width() const { return images.extent(2); }
  std::int64_t channels() const { return images.extent(3); }
  PictureSize picture_size() const { return {height(), width()}; }

  /// What a class is called: by its number where classes have no names.
  std::string class_name(std::int64_t label) const {
    EFFV2_CHECK(label >= 0 && label < classes, ErrorCode::invalid_argument, "[dataset] class ",
                label, " of ", classes);
    return class_names.empty() ? concat(label) : class_names[static_cast<std::size_t>(label)];
  }

  /// One image (H, W, C).
  View<const std::uint8_t> image(std::int64_t index) const {
    EFFV2_CHECK(images.rank() == 4 && index >= 0 && index < images.extent(0),
                ErrorCode::invalid_argument, "[dataset] image ", index, " of ", images.shape());
    const Shape shape{height(), width(), channels()};
    return {images.data() + index * shape.size(), shape};
  }

  /// Throws unless there are images, a label for each, and all labels are in [0, classes).
  void validate() const {
    EFFV2_CHECK(images.rank() == 4 && !images.empty(), ErrorCode::shape_mismatch,
                "[dataset] expected images (N, H, W, C), none of them 0, got ", images.shape());
    EFFV2_CHECK(size() == images.extent(0), ErrorCode::shape_mismatch, "[dataset] expected ",
                images.extent(0), " labels, one per image, got ", size());
    for (std::int64_t i = 0; i < size(); ++i) {
      const std::int32_t label = labels[static_cast<std::size_t>(i)];
      EFFV2_CHECK(label >= 0 && label < classes, ErrorCode::invalid_argument,
                  "[dataset] expected labels in [0, ", classes, "), got ", label, " for image ", i);
    }
    EFFV2_CHECK(class_names.empty() || static_cast<std::int64_t>(class_names.size()) == classes,
                ErrorCode::shape_mismatch, "[dataset] expected ", classes, " class names, got ",
                class_names.size());
    std::set<std::string_view> names;
    for (const std::string& name : class_names) {
      EFFV2_CHECK(text::is_name(name), ErrorCode::invalid_argument,
                  "[dataset] a class name with a line break, or that is not UTF-8: \"", name, '"');
      EFFV2_CHECK(names.insert(name).second, ErrorCode::invalid_argument,
                  "[dataset] two classes are called \"", name, '"');
    }
  }

  /// Copies of the images `indices`, in that order.
  Dataset subset(std::span<const std::int64_t> indices) const {
    validate();
    Dataset part{Tensor<std::uint8_t>::uninitialized(
                     {static_cast<std::int64_t>(indices.size()), height(), width(), channels()}),
                 {},
                 classes,
                 class_names};
    part.labels.reserve(indices.size());
    std::uint8_t* target = part.images.data();
    for (const std::int64_t index : indices) {
      const View<const std::uint8_t> pixels = image(index);
      target = std::copy(pixels.begin(), pixels.end(), target);
      part.labels.push_back(labels[static_cast<std::size_t>(index)]);
    }
    part.validate();
    return part;
  }

  /// The first `count` images, or all if there are fewer.
  Dataset take(std::int64_t count) const {
    EFFV2_CHECK(count > 0, ErrorCode::invalid_argument, "[dataset] expected to take > 0, got ",
                count);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(count, size())));
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
    return subset(indices);
  }

  /// For FitOptions::class_weights, N / (K n) for a class of n of the N images: each of the K
  /// classes that there are counts as much as any other. 0 for a class without images.
  std::vector<double> balanced_class_weights() const {
    validate();
    std::vector<std::int64_t> images_of(static_cast<std::size_t>(classes));
    for (const std::int32_t label : labels) ++images_of[static_cast<std::size_t>(label)];
    const auto present = static_cast<double>(
        std::count_if(images_of.begin(), images_of.end(), [](std::int64_t n) { return n > 0; }));
    std::vector<double> weights;
    for (const std::int64_t n : images_of) {
      weights.push_back(n > 0 ? static_cast<double>(size()) / (present * static_cast<double>(n))
                              : 0.0);
    }
    return weights;
  }

  /// Two parts that share no image: the second has the fraction `fraction` of every class, chosen
  /// at random by `seed` and rounded to the nearest number, but leaves the first part an image of
  /// each. Both keep the order of the whole.
  std::pair<Dataset, Dataset> stratified_split(double fraction, std::uint64_t seed = 0) const {
    EFFV2_CHECK(fraction > 0.0 && fraction < 1.0, ErrorCode::invalid_argument,
                "[dataset] expected a fraction in (0, 1), got ", fraction);
    const auto [first, second] = stratified_indices(fraction, seed, 1);
    EFFV2_CHECK(!first.empty() && !second.empty(), ErrorCode::invalid_argument,
                "[dataset] a fraction of ", fraction, " of ", size(),
                " images leaves a part empty");
    return {subset(first), subset(second)};
  }

  /// The second part alone. It may be all there is, as it is of a fraction of 1.
  Dataset stratified_sample(double fraction, std::uint64_t seed = 0) const {
    EFFV2_CHECK(fraction > 0.0 && fraction <= 1.0, ErrorCode::invalid_argument,
                "[dataset] expected a fraction in (0, 1], got ", fraction);
    const std::vector<std::int64_t> sample = stratified_indices(fraction, seed, 0).second;
    EFFV2_CHECK(!sample.empty(), ErrorCode::invalid_argument, "[dataset] a fraction of ", fraction,
                " of ", size(), " images is none of any class");
    return subset(sample);
  }

 private:
  // Which images the two parts have, in order. `least`: how many of each class, if there are so
  // many, stay in the first.
  std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> stratified_indices(
      double fraction, std::uint64_t seed, std::int64_t least) const {
    validate();
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(classes)), order(labels.size());
    for (const std::int32_t label : labels) ++wanted[static_cast<std::size_t>(label)];
    for (std::int64_t& count : wanted) {
      const std::int64_t share = std::llround(static_cast<double>(count) * fraction);
      count = std::min(share, std::max<std::int64_t>(0, count - least));
    }
    permute(order, {seed, streams::split, 0});
    std::vector<std::int64_t> first, second;
    for (const std::int64_t index : order) {
      std::int64_t& left =
          wanted[static_cast<std::size_t>(labels[static_cast<std::size_t>(index)])];
      (left > 0 ? second : first).push_back(index);
      if (left > 0) --left;
    }
    std::sort(first.begin(), first.end());
    std::sort(second.begin(), second.end());
    return {std::move(first), std::move(second)};
  }
};

}  // namespace effv2::inline EFFV2_ISA::data
