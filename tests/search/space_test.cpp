#include <cmath>
#include <effv2/models/tables.hpp>
#include <effv2/search/space.hpp>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "../catch.hpp"

namespace effv2::space_test {

using models::BlockKind;
using search::Candidate;
using search::Space;

namespace {

const models::ModelSpec& backbone() { return models::find_model("tiny"); }

}  // namespace

TEST_CASE("a candidate's key is read back, and nothing else is a key", "[space]") {
  const Candidate candidate{{{BlockKind::fused_mbconv, 2, 3, 1}, {BlockKind::mbconv, 13, 5, 6}}};
  CHECK(candidate.key() == "F2k3e1-M13k5e6");
  CHECK(Candidate::parse("F2k3e1-M13k5e6") == candidate);
  for (const char* text :
       {"", "-", "F2k3", "F2k3e", "F2k3e1-", "-F2k3e1", "F02k3e1", "F2k3e1 ", " F2k3e1", "F2k3e+1",
        "F-2k3e1", "F0k3e1", "X2k3e1", "f2k3e1", "F2k3e99999999999", "F2k3e1--M1k3e1",
        "F1k1e1-F1k1e1-F1k1e1-F1k1e1-F1k1e1-F1k1e1-F1k1e1-F1k1e1"}) {
    CAPTURE(text);
    try {
      Candidate::parse(text);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::format);
    }
  }
}

TEST_CASE("a candidate's table has the backbone's channels and strides", "[space]") {
  const models::ModelSpec spec =
      Candidate::parse("M3k5e6-F1k3e1-M2k3e4-F4k5e1").to_spec(backbone());
  REQUIRE(spec.stage_count == 4);
  CHECK(spec.stem == 16);
  CHECK(spec.head == 256);
  for (int i = 0; i < 4; ++i) {
    const auto s = static_cast<std::size_t>(i);
    CHECK(spec.stages()[s].in_channels == backbone().stages()[s].in_channels);
    CHECK(spec.stages()[s].out_channels == backbone().stages()[s].out_channels);
    CHECK(spec.stages()[s].stride == backbone().stages()[s].stride);
  }
  CHECK(spec.stages()[0].kind == BlockKind::mbconv);
  CHECK(spec.stages()[0].repeats == 3);
  CHECK(spec.stages()[0].kernel == 5);
  CHECK(spec.stages()[0].expand == 6);
  CHECK(spec.stages()[3].kind == BlockKind::fused_mbconv);
  CHECK(spec.blocks() == 10);
  CHECK_THROWS_AS(Candidate::parse("M3k5e6").to_spec(backbone()), Error);
}

TEST_CASE("the size of a space is the product of its choices", "[space]") {
  // 2 kinds, 2 kernels, 3 expansions; 2, 3, 3 and 3 numbers of layers around 1, 2, 2 and 3.
  CHECK(Space(backbone()).size() == 12LL * 12 * 12 * 12 * (2 * 3 * 3 * 3));
  const Space small(
      backbone(), {.kernels = {3}, .expansions = {4}, .layers = {{1, 1}, {1, 2}, {1, 1}, {2, 4}}});
  CHECK(small.size() == 16 * 2 * 3);
  // Every candidate is drawn sooner or later, each about equally often.
  std::map<std::string, int> found;
  constexpr int draws = 9600;
  for (std::uint32_t i = 0; i < draws; ++i) {
    const Candidate candidate = small.draw({7, 3, 0}, i);
    REQUIRE(small.contains(candidate));
    ++found[candidate.key()];
  }
  CHECK(found.size() == 96);
  for (const auto& [key, count] : found) {
    CAPTURE(key, count);
    CHECK(std::abs(count - 100) < 50);  // five deviations
  }
}

TEST_CASE("a mutation changes one choice, any of them, to any other value", "[space]") {
  const Space space(backbone());
  const Candidate parent = Candidate::parse("F1k3e4-M2k5e6-F3k3e1-M2k3e4");
  REQUIRE(space.contains(parent));
  std::set<std::string> children;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const Candidate child = space.mutate(parent, {1, 2, 3}, i);
    REQUIRE(space.contains(child));
    int changes = 0;
    for (std::size_t s = 0; s < 4; ++s) {
      const search::StageChoice &a = parent.stages[s], &b = child.stages[s];
      changes += (a.kind != b.kind) + (a.layers != b.layers) + (a.kernel != b.kernel) +
                 (a.expand != b.expand);
    }
    CHECK(changes == 1);
    children.insert(child.key());
  }
  // Other kinds, kernels and expansions: 4 (1 + 1 + 2); other numbers of layers: 1 + 2 + 2 + 2.
  CHECK(children.size() == 16 + 7);
  // The same numbers, the same child.
  CHECK(space.mutate(parent, {1, 2, 3}, 5) == space.mutate(parent, {1, 2, 3}, 5));
  CHECK_THROWS_AS(space.mutate(Candidate::parse("F9k3e4-M2k5e6-F3k3e1-M2k3e4"), {}, 0), Error);
  // Where there is nothing to choose, nothing changes.
  const Space one(backbone(), {.kinds = {BlockKind::mbconv},
                               .kernels = {3},
                               .expansions = {4},
                               .layers = search::layers_around(backbone(), 0, 0)});
  CHECK(one.size() == 1);
  CHECK(one.mutate(one.draw({}, 0), {}, 1) == one.draw({}, 0));
}

TEST_CASE("the covering candidates have every block there is", "[space]") {
  const Space space(backbone());
  const auto covering = space.covering();
  CHECK(covering.size() == 2 * 2 * 3);
  for (const Candidate& candidate : covering) CHECK(space.contains(candidate));
  for (std::uint32_t i = 0; i < 200; ++i) {
    const Candidate candidate = space.draw({1, 0, 0}, i);
    for (std::size_t s = 0; s < 4; ++s) {
      bool covered = false;
      for (const Candidate& other : covering) {
        search::StageChoice same = other.stages[s];
        covered |= same.layers >= candidate.stages[s].layers &&
                   (same.layers = candidate.stages[s].layers, same == candidate.stages[s]);
      }
      CHECK(covered);
    }
  }
}

TEST_CASE("what is not in the space is told apart", "[space]") {
  const Space space(backbone());
  CHECK(space.contains(Candidate::parse("F2k5e6-M3k5e6-F3k3e1-M4k3e4")));
  CHECK_FALSE(space.contains(Candidate::parse("F3k5e6-M3k5e6-F3k3e1-M4k3e4")));
  CHECK_FALSE(space.contains(Candidate::parse("F2k7e6-M3k5e6-F3k3e1-M4k3e4")));
  CHECK_FALSE(space.contains(Candidate::parse("F2k5e2-M3k5e6-F3k3e1-M4k3e4")));
  CHECK_FALSE(space.contains(Candidate::parse("F2k5e6-M3k5e6-F3k3e1")));
}

TEST_CASE("a space that is none is refused", "[space]") {
  CHECK_THROWS_AS(Space(models::ModelSpec{}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.kernels = {}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.kernels = {3, 5, 3}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.layers = {{1, 2}}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.layers = {{1, 2}, {0, 2}, {1, 2}, {1, 2}}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.layers = {{1, 2}, {3, 2}, {1, 2}, {1, 2}}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.kernels = {3, 0}}), Error);
  CHECK_THROWS_AS(Space(backbone(), {.expansions = {-1, 4}}), Error);
}

TEST_CASE("a space may be larger than can be counted", "[space]") {
  const std::vector<search::LayerRange> many(7, {1, 1000});
  const Space space(models::find_model("m"), {.layers = many});
  CHECK(space.size() == std::numeric_limits<std::int64_t>::max());
  CHECK(space.contains(space.draw({1, 0, 0}, 0)));
}

TEST_CASE("a space's text tells it from others", "[space]") {
  const std::string text = Space(backbone()).to_string();
  CHECK(text.find("stage 16 24 stride 2 kinds 0 1 layers 1 2 3 kernels 3 5 expansions 1 4 6") !=
        std::string::npos);
  CHECK(text == Space(backbone()).to_string());
  CHECK(text != Space(backbone(), {.kernels = {3}}).to_string());
  CHECK(text != Space(models::find_model("b0")).to_string());
  models::ModelSpec other = backbone();
  other.dropout += 0.1;  // which candidates have too
  CHECK(text != Space(other).to_string());
}

}  // namespace effv2::space_test
