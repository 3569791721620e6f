// Fused-MBConv in none, some and all stages of a net.
#include <effv2/models/tables.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;

// V1-B4 is B0 with 1.4 times the channels and 1.8 times the layers; this one has a quarter of its
// channels and B0's layers.
models::ModelSpec net(int fused_stages) {
  models::ModelSpec spec =
      models::scale(models::tables::v1_b0, "v1-b4 / 4", 1.4 / 4.0, 1.0, 0.1, 28, 28, true);
  for (int stage = 0; stage < fused_stages; ++stage) {
    spec.table[static_cast<std::size_t>(stage)].kind = models::BlockKind::fused_mbconv;
  }
  return spec;
}

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  std::vector<Configuration> result;
  for (const auto& [name, stages] : {std::pair{"no stage fused", 0},
                                     {"stages 1-3 fused", 3},
                                     {"stages 1-5 fused", 5},
                                     {"stages 1-7 fused", 7}}) {
    Configuration c = plain(name, net(stages), size, data);
    c.network.stem_stride = 1;  // with 2, the last stages would see one pixel
    c.fit.data.augmentation.shift = 2.0;
    result.push_back(std::move(c));
  }
  return result;
}

}  // namespace

Experiment fused() {
  return {
      .name = "fused",
      .title = "Fused-MBConv in the first stages",
      .paper =
          "in EfficientNet-B4, Fused-MBConv in stages 1-3 trains faster and a little more "
          "accurately than MBConv everywhere (216 against 155 images/s per V100 core, 83.1 "
          "against 82.8 %) with few parameters more (20.0 against 19.3 million); in all "
          "stages it is slower (206) and less accurate (81.7 %) with 132 million (table 3).",
      .here =
          "V1-B4's table with a quarter of its channels and B0's numbers of layers, stem of "
          "stride 1, on 28 pixels, shifted by up to 2. The step time is what images/s were in "
          "the paper.",
      .size = {.epochs = 12, .images = 6000, .seeds = 3},
      .baseline = "no stage fused",
      .columns = {{"parameters", "parameters", Show::count},
                  {"multiply-adds", "multiply_adds", Show::count},
                  {"step, ms", "step_ms"},
                  {"step ratio", "step_ms", Show::time_ratio, true},
                  {"accuracy, %", "accuracy", Show::accuracy}},
      .claims = {smaller("stages 1-3 fused: a step is faster than with none", "step_ms",
                         "stages 1-3 fused", "no stage fused"),
                 as_accurate("... and not less accurate", "stages 1-3 fused", "no stage fused"),
                 smaller("stages 1-3 fused: a step is faster than with all fused", "step_ms",
                         "stages 1-3 fused", "stages 1-7 fused"),
                 as_accurate("... and not less accurate", "stages 1-3 fused", "stages 1-7 fused")},
      .configurations = configurations};
}

}  // namespace experiments
