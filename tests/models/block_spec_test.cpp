#include <effv2/core/error.hpp>
#include <effv2/models/block_spec.hpp>
#include <string>
#include <string_view>

#include "../catch.hpp"

namespace effv2::block_spec_test {

using namespace effv2::models;

namespace {

constexpr ModelSpec base{.name = "base",
                         .stem = 16,
                         .head = 64,
                         .table = {{{BlockKind::fused_mbconv, 2, 3, 1, 1, 16, 16},
                                    {BlockKind::mbconv, 3, 5, 2, 4, 16, 32}}},
                         .stage_count = 2};

}  // namespace

TEST_CASE("channels are rounded to multiples of 8 as the two papers' codes do", "[block_spec]") {
  // V1 goes up where rounding took away over 10 %, V2 does not.
  STATIC_REQUIRE(scale_channels(32, 1.1, true) == 32);
  CHECK(scale_channels(24, 1.1, false) == 24);
  CHECK(scale_channels(16, 1.2, true) == 24);
  CHECK(scale_channels(3, 1.0, false) == 8);
  CHECK(scale_channels(10, 1.1, true) == 16);
  CHECK(scale_channels(10, 1.1, false) == 8);
}

TEST_CASE("repeats are rounded up", "[block_spec]") {
  STATIC_REQUIRE(scale_repeats(2, 1.0) == 2);
  STATIC_REQUIRE(scale_repeats(2, 1.1) == 3);
  STATIC_REQUIRE(scale_repeats(5, 1.4) == 7);
  STATIC_REQUIRE(scale_repeats(1, 3.1) == 4);
}

TEST_CASE("a scaled table keeps kinds, kernels and strides", "[block_spec]") {
  constexpr ModelSpec twice = scale(base, "twice", 2.0, 1.5, 0.3, 240, 300, false);
  STATIC_REQUIRE(twice.stem == 32);
  STATIC_REQUIRE(twice.head == 128);
  STATIC_REQUIRE(twice.blocks() == 3 + 5);
  STATIC_REQUIRE(twice.stages()[1].kernel == 5);
  STATIC_REQUIRE(twice.stages()[1].stride == 2);
  STATIC_REQUIRE(twice.stages()[1].in_channels == 32);
  STATIC_REQUIRE(twice.stages()[1].out_channels == 64);
  CHECK(twice.name == "twice");
}

TEST_CASE("a table's name is its own", "[block_spec]") {
  std::string text = "mine";
  const ModelSpec spec{.name = std::string_view(text)};
  text = "else";
  CHECK(spec.name == "mine");
  CHECK_THROWS_AS(ModelName(std::string(48, 'x').c_str()), effv2::Error);
}

TEST_CASE("a table of which no network can be built is refused", "[block_spec]") {
  CHECK(&base.validated() == &base);
  const auto refuses = [&](auto&& spoil) {
    ModelSpec bad = base;
    spoil(bad);
    CHECK_THROWS_AS(bad.validated(), effv2::Error);
  };
  refuses([](ModelSpec& s) { s.stage_count = 0; });
  refuses([](ModelSpec& s) { s.stage_count = 8; });
  refuses([](ModelSpec& s) { s.stem = 0; });
  refuses([](ModelSpec& s) { s.table[0].in_channels = 8; });
  refuses([](ModelSpec& s) { s.table[1].in_channels = 24; });
  refuses([](ModelSpec& s) { s.table[1].repeats = 0; });
  refuses([](ModelSpec& s) { s.table[1].repeats = 1001; });
  refuses([](ModelSpec& s) { s.table[1].kernel = 46; });
  refuses([](ModelSpec& s) { s.table[1].stride = 46; });
  refuses([](ModelSpec& s) { s.table[1].expand = 65; });
  refuses([](ModelSpec& s) { s.table[1].out_channels = (1 << 16) + 1; });
}

}  // namespace effv2::block_spec_test
