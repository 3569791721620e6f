// EfficientNet V1 against V2.
#include <effv2/models/tables.hpp>
#include <effv2/train/progressive.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;

models::ModelSpec half(const models::ModelSpec& base, const char* name, double depth, bool is_v1) {
  return models::scale(base, name, 0.5, depth, 0.1, 28, 28, is_v1);
}

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  const auto with = [&](const char* name, const models::ModelSpec& net) {
    Configuration c = plain(name, net, size, data);
    c.network.stem_stride = 1;
    c.fit.data.augmentation.shift = 2.0;
    return c;
  };
  const models::ModelSpec v2 = half(models::tables::v2_b0, "b0 / 2", 1.0, false);
  std::vector<Configuration> result = {
      with("V1-B0", half(models::tables::v1_b0, "v1-b0 / 2", 1.0, true)),
      with("V1-B1", half(models::tables::v1_b0, "v1-b1 / 2", 1.1, true)), with("V2-B0", v2),
      with("V2-B0, progressive", v2)};
  Configuration& progressive = result.back();
  train::ProgressiveRange range = train::progressive_28;
  range.last_mixup = 0.0;
  range.first_dropout = range.last_dropout = progressive.network.dropout;
  progressive.fit.stages =
      train::progressive_stages(range, train::paper_stages, progressive.fit.data.augmentation);
  return result;
}

}  // namespace

Experiment generations() {
  return {.name = "generations",
          .title = "EfficientNet V1 and V2",
          .paper =
              "V2 is as accurate as V1 with fewer parameters (83.9 % with 24 million against 84.3 "
              "with 43 million, figure 1) and trains many times faster, with progressive learning "
              "(table 7 and figure 5).",
          .here =
              "V1-B0, V1-B1 and V2-B0 with half of their channels and a stem of stride 1, on 28 "
              "pixels, shifted by up to 2; V2 also with progressive learning (16 to 28 pixels, "
              "shifts growing to 2). In the family's own figures V2-B0 stands beside V1-B1. The "
              "inference time is of a picture in batches of 256.",
          .size = {.epochs = 12, .images = 6000, .seeds = 3},
          .baseline = "V1-B1",
          .columns = {{"parameters", "parameters", Show::count},
                      {"multiply-adds", "multiply_adds", Show::count},
                      {"accuracy, %", "accuracy", Show::accuracy},
                      {"training, s", "seconds"},
                      {"training ratio", "seconds", Show::time_ratio, true},
                      {"inference, µs", "inference_us"},
                      {"inference ratio", "inference_us", Show::time_ratio}},
          .claims = {as_accurate("V2-B0 is not less accurate than V1-B1", "V2-B0", "V1-B1"),
                     smaller("... trains faster", "seconds", "V2-B0", "V1-B1"),
                     smaller("... answers faster", "inference_us", "V2-B0", "V1-B1"),
                     as_accurate("V2-B0 with progressive learning is not less accurate than V1-B1",
                                 "V2-B0, progressive", "V1-B1"),
                     smaller("... trains faster", "seconds", "V2-B0, progressive", "V1-B1")},
          .configurations = configurations};
}

}  // namespace experiments
