// How well each class is read, for the terminal.
#pragma once

#include <cstdint>
#include <cstdio>
#include <effv2/data/dataset.hpp>
#include <effv2/train/metrics.hpp>

/// A line for each class: its name and its recall. A small class may have no test picture at all.
inline void print_class_recalls(const effv2::data::Dataset& test,
                                const effv2::train::ConfusionMatrix& confusion) {
  for (std::int64_t c = 0; c < test.classes; ++c) {
    std::printf("%-20s ", test.class_name(c).c_str());
    if (confusion.support(c) == 0) {
      std::printf("no test pictures\n");
    } else {
      std::printf("recall %6.2f %%\n", 100.0 * confusion.recall(c));
    }
  }
}
