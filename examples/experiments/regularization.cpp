// Sizes of pictures against strengths of RandAugment.
#include <effv2/models/tables.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;

constexpr int sizes[] = {12, 18, 28};  // in proportion as the paper's 128, 192 and 300
constexpr int magnitudes[] = {5, 10, 15};

std::string name_of(int size, int magnitude) { return concat(size, " px, magnitude ", magnitude); }

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  std::vector<Configuration> result;
  for (const int pixels : sizes) {
    for (const int magnitude : magnitudes) {
      Configuration c = plain(name_of(pixels, magnitude), models::find_model("tiny"), size, data);
      c.fit.data.image_size = pixels;
      c.fit.data.augmentation.rand_augment = data::RandAugment::for_digits(magnitude);
      result.push_back(std::move(c));
    }
  }
  return result;
}

}  // namespace

Experiment regularization() {
  const std::string small_weak = name_of(12, 5), small_strong = name_of(12, 15);
  const std::string large_weak = name_of(28, 5), large_strong = name_of(28, 15);
  return {
      .name = "regularization",
      .title = "Small pictures want weak augmentation",
      .paper =
          "with pictures of 128 pixels RandAugment is best at magnitude 5 (78.3 %, 78.0 at 10, "
          "77.7 at 15), with 300 pixels at magnitude 15 (82.5 at 5, 82.7 at 10, 83.2 at 15) "
          "(table 5).",
      .here =
          "the net `tiny`, pictures of 12, 18 and 28 pixels (in proportion as the paper's 128, 192 "
          "and 300), for training and for the test; RandAugment without the operations that "
          "turn light on dark into something else, and with a third of the geometry.",
      .size = {.epochs = 30, .images = 6000, .seeds = 3},
      .baseline = large_weak,
      .columns = {{"accuracy, %", "accuracy", Show::accuracy},
                  {"training loss", "training_loss"},
                  {"training, s", "seconds"},
                  {"time ratio", "seconds", Show::time_ratio}},
      .claims = {more_accurate("at 12 px magnitude 5 is better than 15", small_weak, small_strong),
                 more_accurate("at 28 px magnitude 15 is better than 5", large_strong, large_weak),
                 {.text = "from magnitude 5 to 15, 28 px gain more (or lose less) than 12 px",
                  .terms = {{large_strong, 1.0},
                            {large_weak, -1.0},
                            {small_strong, -1.0},
                            {small_weak, 1.0}}}},
      .configurations = configurations};
}

}  // namespace experiments
