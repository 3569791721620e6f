#include <cmath>
#include <effv2/models/scaling.hpp>
#include <effv2/models/tables.hpp>
#include <string_view>
#include <tuple>
#include <vector>

#include "../catch.hpp"

namespace effv2::scaling_test {

using namespace effv2::models;

namespace {

std::vector<int> repeats(const ModelSpec& spec) {
  std::vector<int> all;
  for (const StageSpec& stage : spec.stages()) all.push_back(stage.repeats);
  return all;
}

}  // namespace

TEST_CASE("compound factors are powers, about those of the published V1 models", "[scaling]") {
  CHECK(compound_factors(0.0).depth == 1.0);
  const ScalingFactors one = compound_factors(1.0), two = compound_factors(2.0);
  CHECK(one.depth == 1.2);
  CHECK(one.width == 1.1);
  CHECK(one.resolution == 1.15);
  CHECK(two.depth == Approx(1.44));
  // Twice the work, about: depth, width and pixels twice.
  CHECK(one.depth * std::pow(one.width * one.resolution, 2) == Approx(2.0).margin(0.1));
  // B1, B2 and B3, which were rounded by hand.
  for (const auto& [phi, width, depth, size] :
       {std::tuple(0.5, 1.0, 1.1, 240), std::tuple(1.0, 1.1, 1.2, 260),
        std::tuple(2.0, 1.2, 1.4, 300)}) {
    const ScalingFactors f = compound_factors(phi);
    CHECK(f.width == Approx(width).margin(0.05));
    CHECK(f.depth == Approx(depth).margin(0.05));
    CHECK(224.0 * f.resolution == Approx(size).margin(5.0));
  }
  CHECK(compound_factors(1.0, 2.0, 3.0, 4.0).resolution == 4.0);
  CHECK_THROWS_AS(compound_factors(NAN), Error);
  CHECK_THROWS_AS(compound_factors(1.0, 0.5), Error);
}

TEST_CASE("layers are added to later stages, more to the last than to those before", "[scaling]") {
  const ModelSpec& s = find_model("s");  // 2 4 4 6 9 15
  const ModelSpec more = scale_non_uniformly(s, "more", {.later_layers = 5});
  CHECK(repeats(more) == std::vector{2, 4 + 1, 4 + 2, 6 + 3, 9 + 4, 15 + 5});
  CHECK(repeats(scale_non_uniformly(s, "more", {.later_layers = 2})) ==
        std::vector{2, 4, 4 + 1, 6 + 1, 9 + 2, 15 + 2});
  CHECK(repeats(scale_non_uniformly(s, "more", {.factors = {1.0, 1.2, 1.0}, .later_layers = 5})) ==
        std::vector{3, 5 + 1, 5 + 2, 8 + 3, 11 + 4, 18 + 5});
  // All else is the table's.
  CHECK(more.name == "more");
  CHECK(more.dropout == s.dropout);
  CHECK(more.stages()[5].out_channels == 256);
  CHECK(more.stem == s.stem);
}

TEST_CASE("no picture is larger than the cap", "[scaling]") {
  const ModelSpec& s = find_model("s");  // trained with 300 pixels, used with 384
  const ModelSpec larger = scale_non_uniformly(s, "larger", {.factors = {1.0, 1.0, 1.5}});
  CHECK(larger.train_size == 450);
  CHECK(larger.eval_size == 480);
  const ModelSpec free =
      scale_non_uniformly(s, "free", {.factors = {1.0, 1.0, 1.5}, .largest_picture = 1000});
  CHECK(free.eval_size == 576);
  const ModelSpec tiny = scale_non_uniformly(s, "tiny", {.factors = {1.0, 1.0, 1e-3}});
  CHECK(tiny.train_size == 1);
}

TEST_CASE("without anything non-uniform it is compound scaling", "[scaling]") {
  const ModelSpec ours = scale_non_uniformly(find_model("b0"), "b3",
                                             {.factors = {1.2, 1.4, 1.0}, .dropout = 0.3}),
                  &b3 = find_model("b3");
  CHECK(repeats(ours) == repeats(b3));
  CHECK(ours.stem == b3.stem);
  CHECK(ours.head == b3.head);
  CHECK(ours.dropout == 0.3);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(ours.stages()[i].in_channels == b3.stages()[i].in_channels);
    CHECK(ours.stages()[i].out_channels == b3.stages()[i].out_channels);
  }
}

TEST_CASE("factors that are none are refused", "[scaling]") {
  const ModelSpec& s = find_model("s");
  for (const double bad : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.factors = {bad, 1.0, 1.0}}), Error);
    CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.factors = {1.0, bad, 1.0}}), Error);
    CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.factors = {1.0, 1.0, bad}}), Error);
  }
  CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.factors = {1e8, 1.0, 1.0}}), Error);
  CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.factors = {900.0, 1.0, 1.0}}), Error);
  CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.later_layers = -1}), Error);
  CHECK_THROWS_AS(scale_non_uniformly(s, "x", {.largest_picture = 0}), Error);
}

}  // namespace effv2::scaling_test
