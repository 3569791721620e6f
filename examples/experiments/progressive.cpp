// Growing pictures and growing regularisation, each with and without the other.
#include <effv2/models/tables.hpp>
#include <effv2/train/progressive.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;

// Stages of which the size, the regularisation, both or neither begin small.
std::vector<train::Stage> stages(bool size_grows, bool regularization_grows) {
  const train::ProgressiveRange& range = train::progressive_28;
  data::Augmentation full;
  full.rand_augment = data::RandAugment::for_digits(range.last_magnitude);
  std::vector<train::Stage> result = train::progressive_stages(range, train::paper_stages, full);
  const train::Stage last = result.back();
  for (train::Stage& stage : result) {
    const PictureSize size = stage.image_size;
    if (!regularization_grows) stage = last;
    stage.image_size = size_grows ? size : last.image_size;
  }
  return result;
}

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  const auto with = [&](const char* name, bool size_grows, bool regularization_grows) {
    Configuration c = plain(name, models::find_model("tiny"), size, data);
    c.fit.stages = stages(size_grows, regularization_grows);
    return c;
  };
  return {with("28 px, full regularisation", false, false),
          with("28 px, growing regularisation", false, true),
          with("16 to 28 px, full regularisation", true, false),
          with("16 to 28 px, growing regularisation", true, true)};
}

}  // namespace

Experiment progressive() {
  const std::string fixed = "28 px, full regularisation";
  const std::string size_only = "16 to 28 px, full regularisation";
  const std::string both = "16 to 28 px, growing regularisation";
  return {
      .name = "progressive",
      .title = "Growing pictures, growing regularisation",
      .paper =
          "training on pictures that grow is faster, but often costs accuracy; if the "
          "regularisation grows with them, it is as accurate as or more accurate than training "
          "on large pictures all the time, in less time (abstract, section 4, tables 6 and 7).",
      .here =
          "the net `tiny` (0.2 million parameters), four stages of equal length, from 16 to 28 "
          "pixels, RandAugment's magnitude from 5 to 15, mixup's alpha from 0 to 0.2, dropout "
          "from 0.1 to 0.3; where something does not grow it has its last value all the time. "
          "Few pictures to learn from make regularisation matter. MNIST is nearly solved by "
          "any of these; Fashion-MNIST is not.",
      .size = {.epochs = 40, .images = 6000, .seeds = 3},
      .baseline = fixed,
      .columns = {{"accuracy, %", "accuracy", Show::accuracy},
                  {"training loss", "training_loss"},
                  {"training, s", "seconds"},
                  {"time ratio", "seconds", Show::time_ratio, true}},
      .claims = {as_accurate("growing pictures and regularisation: not less accurate than a fixed "
                             "size",
                             both, fixed),
                 smaller("... and faster", "seconds", both, fixed),
                 more_accurate("growing pictures alone cost accuracy", fixed, size_only),
                 more_accurate("where pictures grow, growing regularisation is better than full "
                               "regularisation",
                               both, size_only)},
      .configurations = configurations};
}

}  // namespace experiments
