// Nets that are trained at one size and tested at others.
#include <effv2/models/tables.hpp>

#include "experiment.hpp"

namespace experiments {

namespace {

using namespace effv2;

std::vector<Configuration> configurations(const Size& size, const DataSet& data) {
  const auto with = [&](const char* name, int pixels, double crop) {
    Configuration c = plain(name, models::find_model("tiny"), size, data);
    c.fit.data.image_size = pixels;
    c.fit.data.augmentation.shift = 2.0;
    c.fit.data.augmentation.crop = crop;
    c.sizes = {24, 28, 32};
    return c;
  };
  return {with("24 px", 24, 0.0), with("28 px", 28, 0.0), with("24 px, cropped", 24, 0.5),
          with("28 px, cropped", 28, 0.5)};
}

// The net `name` is more accurate at `a` pixels than at `b`.
Claim better_at(const std::string& name, int a, int b) {
  const auto at = [](int size) { return concat("accuracy_", size); };
  return {.text = concat("trained at ", name, ": better at ", a, " than at ", b, " px"),
          .terms = {{name, 1.0, at(a)}, {name, -1.0, at(b)}}};
}

}  // namespace

Experiment fixres() {
  return {
      .name = "fixres",
      .title = "Trained on small pictures, tested on larger ones",
      .paper =
          "its nets are trained on smaller pictures than they are tested with (S with 300 and "
          "384 pixels, M and L with 384 and 480), after FixRes (Touvron et al., 2019): random "
          "crops make things look larger in training, so that a larger test picture shows "
          "them at the size that the net has learned.",
      .here =
          "the net `tiny`, trained at 24 and 28 pixels, tested at 24, 28 and 32 (the data have "
          "28); once with shifts by up to 2 pixels only, once also with random crops of half "
          "the area at least, blown up to the whole.",
      .size = {.epochs = 30, .images = 6000, .seeds = 3},
      .baseline = "28 px",
      .columns = {{"tested at 24, %", "accuracy_24", Show::accuracy},
                  {"tested at 28, %", "accuracy_28", Show::accuracy},
                  {"tested at 32, %", "accuracy_32", Show::accuracy},
                  {"training, s", "seconds"},
                  {"time ratio", "seconds", Show::time_ratio}},
      .claims = {better_at("24 px, cropped", 28, 24),
                 better_at("28 px, cropped", 32, 28),
                 better_at("24 px", 28, 24),
                 better_at("28 px", 32, 28),
                 {.text = "cropped: trained at 24 and tested at 28 px is not less accurate than "
                          "trained and tested at 28",
                  .terms = {{"24 px, cropped", 1.0, "accuracy_28"},
                            {"28 px, cropped", -1.0, "accuracy_28"}},
                  .margin = accuracy_margin},
                 smaller("... and faster to train", "seconds", "24 px, cropped", "28 px, cropped")},
      .configurations = configurations};
}

}  // namespace experiments
