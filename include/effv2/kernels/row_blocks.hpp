// How the rows of an indirect product are cut into blocks, and where each row lies in memory.
//
// A row is a pair (image, target pixel) of one tap group. Rows of a block run over the targets of
// an image first and over images second, so that consecutive rows are neighbours in memory and the
// hardware sees streams.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "../core/isa.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels::detail {

/// Rows [first, first + count) of a group, where row r is target r % targets of image r / targets.
struct RowBlock {
  const TapGroup* group;
  std::int64_t first, count;
};

/// All rows of a plan over a batch as one numbered list of blocks: some images after the other, in
/// each group after group. What is near in the list is near in memory.
class RowBlocks {
 public:
  /// `channels` of a source pixel and `numbers`, how many of the source's numbers may lie between
  /// the first and the last image at a time (at least one image). `rows`: most rows of a block, a
  /// multiple of `tile`, the height of the tiles that a kernel cuts a block into. Blocks are filled
  /// evenly, so that no tile is much lower than another.
  RowBlocks(const TapPlan& plan, std::int64_t batch, std::int64_t channels, std::int64_t numbers,
            std::int64_t rows, std::int64_t tile)
      : plan_(&plan), batch_(batch), rows_(rows), tile_(tile) {
    const std::int64_t images =
        std::max<std::int64_t>(1, numbers / (plan.source_pixels * channels));
    const std::int64_t parts = (batch + images - 1) / images;
    image_blocks_ = std::max<std::int64_t>(1, parts);
    for (std::int64_t i = 0; i < image_blocks_; ++i) size_ += blocks_of(i);
  }

  std::int64_t size() const { return size_; }

  /// Calls body(index, RowBlock) for the blocks [begin, end) of the list.
  template <class Body>
  void for_each(std::int64_t begin, std::int64_t end, Body&& body) const {
    std::int64_t index = 0;
    for (std::int64_t i = 0; i < image_blocks_ && index < end; ++i) {
      const std::int64_t here = blocks_of(i);
      if (index + here <= begin) {
        index += here;
        continue;
      }
      for (const TapGroup& group : plan_->groups) {
        const std::int64_t rows = rows_of(group, i), blocks = blocks_in(rows);
        for (std::int64_t b = 0; b < blocks; ++b, ++index) {
          if (index < begin || index >= end) continue;
          const std::int64_t first = cut(rows, b), last = cut(rows, b + 1);
          const std::int64_t offset =
              first_image(i) * static_cast<std::int64_t>(group.targets.size());
          body(index, RowBlock{&group, offset + first, last - first});
        }
      }
    }
  }

 private:
  std::int64_t first_image(std::int64_t i) const { return batch_ * i / image_blocks_; }
  std::int64_t rows_of(const TapGroup& group, std::int64_t i) const {
    return static_cast<std::int64_t>(group.targets.size()) * (first_image(i + 1) - first_image(i));
  }
  std::int64_t blocks_in(std::int64_t rows) const { return (rows + rows_ - 1) / rows_; }
  std::int64_t blocks_of(std::int64_t i) const {
    std::int64_t blocks = 0;
    for (const TapGroup& group : plan_->groups) blocks += blocks_in(rows_of(group, i));
    return blocks;
  }
  // Where block b begins: between two of the tiles, which are all of nearly the same height, as the
  // blocks are.
  std::int64_t cut(std::int64_t rows, std::int64_t b) const {
    const std::int64_t tiles = (rows + tile_ - 1) / tile_;
    return rows * (tiles * b / blocks_in(rows)) / tiles;
  }

  const TapPlan* plan_;
  std::int64_t batch_, rows_, tile_, image_blocks_ = 1, size_ = 0;
};

/// pointers[i] = base + (image * pixels + pixel) * channels for the rows of a block, where pixel is
/// looked up by the row's target.
template <class Pointer>
void row_pointers(Pointer* pointers, Pointer base, const RowBlock& rows, const std::int32_t* pixel,
                  std::int64_t pixels, std::int64_t channels) {
  const auto targets = static_cast<std::int64_t>(rows.group->targets.size());
  std::int64_t target = rows.first % targets;
  Pointer image = base + rows.first / targets * pixels * channels;
  for (std::int64_t i = 0; i < rows.count;) {
    const std::int64_t run = std::min(rows.count - i, targets - target);
    for (std::int64_t j = 0; j < run; ++j) {
      pointers[i + j] = image + pixel[target + j] * channels;
    }
    i += run, target = 0, image += pixels * channels;
  }
}

/// Micro-kernels exist for these tile heights: odd ones above 8 would cost a fifth of the compile
/// time and are hardly ever needed.
constexpr bool is_tile_height(int rows) { return rows <= 8 || rows % 2 == 0; }

/// Cuts `count` rows into as few tiles as possible, all of nearly the same height: 16 rows are 8 +
/// 8 and not 14 + 2, because a low tile wastes the latency of the multiply-add. Most: the height of
/// the highest tile, even.
template <int Most, class Body>
void for_each_tile(std::int64_t count, Body&& body) {
  const std::int64_t tiles = (count + Most - 1) / Most, pairs = (count + 1) / 2;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t first = 2 * (pairs * tile / tiles);
    const std::int64_t last = std::min(count, 2 * (pairs * (tile + 1) / tiles));
    const int rows = static_cast<int>(last - first);
    if constexpr (Most > 8) {
      if (!is_tile_height(rows)) {
        body(first, 8), body(first + 8, rows - 8);
        continue;
      }
    }
    body(first, rows);
  }
}

template <class Tile, int Rows, int Vectors>
constexpr auto tile_kernel() -> void (*)(const Tile&) {
  if constexpr (is_tile_height(Rows)) {
    return Tile::template compute<Rows, Vectors>;
  } else {
    return nullptr;
  }
}

/// Calls Tile::compute<rows, vectors>(tile), for a height that is_tile_height and 1 or 2 vectors.
template <int Most, class Tile>
void run_tile(int rows, int vectors, const Tile& tile) {
  using Kernel = void (*)(const Tile&);
  static constexpr auto table = []<int... R>(std::integer_sequence<int, R...>) {
    return std::array<std::array<Kernel, 2>, sizeof...(R)>{
        {{tile_kernel<Tile, R + 1, 1>(), tile_kernel<Tile, R + 1, 2>()}...}};
  }
  (std::make_integer_sequence<int, Most>{});
  table[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(vectors - 1)](tile);
}

}  // namespace effv2::inline EFFV2_ISA::kernels::detail
