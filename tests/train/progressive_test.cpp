#include <effv2/train/progressive.hpp>

#include "../catch.hpp"

namespace effv2::progressive_test {

using namespace effv2::train;

TEST_CASE("the paper's schedules are interpolated over four stages", "[progressive]") {
  data::Augmentation full;
  full.rand_augment.magnitude = 15;
  const auto s = progressive_stages(progressive_s, paper_stages, full);
  REQUIRE(s.size() == 4);
  const std::int64_t sizes[] = {128, 185, 243, 300};
  const double magnitudes[] = {5, 25.0 / 3, 35.0 / 3, 15};
  const double dropouts[] = {0.1, 0.5 / 3, 0.7 / 3, 0.3};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(s[i].image_size == sizes[i]);
    CHECK(s[i].augmentation.rand_augment.magnitude == Approx(magnitudes[i]));
    CHECK(s[i].mixup == 0.0);
    CHECK(s[i].dropout == Approx(dropouts[i]));
  }
  const auto m = progressive_stages(progressive_m, paper_stages, full);
  CHECK(m.back().image_size == 380);
  CHECK(m.back().augmentation.rand_augment.magnitude == 20);
  CHECK(m[1].mixup == Approx(0.2 / 3));
  const auto l = progressive_stages(progressive_l, paper_stages, full);
  CHECK(l.front().mixup == 0.0);
  CHECK(l.back().mixup == 0.5);
  CHECK(l.back().dropout == 0.5);
  const auto digits = progressive_stages(progressive_28, paper_stages, full);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(digits[i].image_size == static_cast<std::int64_t>(16 + 4 * i));
  }
}

TEST_CASE("without magnitudes the augmentation grows with the stages", "[progressive]") {
  const auto stages = progressive_stages({16, 28, 0, 0, 0, 0, 0, 0}, 3, {.shift = 3});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(stages[i].augmentation.shift == Approx(1.5 * static_cast<double>(i)).margin(1e-12));
  }
}

TEST_CASE("augmentation other than RandAugment grows in proportion", "[progressive]") {
  const auto stages = progressive_stages(progressive_28, 3, {.shift = 3, .elastic = 1.5});
  CHECK(stages[0].augmentation.shift == Approx(1));
  CHECK(stages[1].augmentation.shift == Approx(2));
  CHECK(stages[2].augmentation.shift == Approx(3));
  CHECK(stages[0].augmentation.elastic == Approx(0.5));
  CHECK_FALSE(stages[2].augmentation.rand_augment.active());
}

TEST_CASE("one stage is the last, none is refused", "[progressive]") {
  const auto stages = progressive_stages(progressive_28, 1, {});
  REQUIRE(stages.size() == 1);
  CHECK(stages[0].image_size == 28);
  CHECK(stages[0].dropout == 0.3);
  CHECK_THROWS_AS(progressive_stages(progressive_28, 0, {}), Error);
}

TEST_CASE("pictures that are not square grow in both directions", "[progressive]") {
  train::ProgressiveRange range = train::progressive_28;
  range.first_size = {32, 48}, range.last_size = {64, 96};
  const std::vector<train::Stage> stages = train::progressive_stages(range, 3, {});
  CHECK(stages[0].image_size == PictureSize(32, 48));
  CHECK(stages[1].image_size == PictureSize(48, 72));
  CHECK(stages[2].image_size == PictureSize(64, 96));
}

}  // namespace effv2::progressive_test
