#include <effv2/models/tables.hpp>
#include <effv2/search/source.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "../catch.hpp"

namespace effv2::source_test {

TEST_CASE("a table's source is what stands in the header of the known tables", "[source]") {
  std::ifstream file(EFFV2_SOURCE_DIR "/include/effv2/models/tables.hpp");
  const std::string header(std::istreambuf_iterator<char>(file), {});
  REQUIRE(!header.empty());
  using namespace models::tables;
  for (const auto& [spec, identifier] :
       {std::pair(v2_s, "v2_s"), std::pair(v2_m, "v2_m"), std::pair(v2_l, "v2_l"),
        std::pair(v2_xl, "v2_xl"), std::pair(v2_b0, "v2_b0"), std::pair(tiny, "tiny"),
        std::pair(mini, "mini")}) {
    const std::string source = search::to_source(spec, identifier);
    CAPTURE(source);
    CHECK(header.find(source) != std::string::npos);
  }
}

TEST_CASE("a header brings what the table needs", "[source]") {
  const std::string text =
      search::to_header(models::find_model("tiny"), "winner", "The best of 100 candidates.");
  CHECK(text.starts_with("// The best of 100 candidates.\n#pragma once\n"));
  CHECK(text.find("inline constexpr ModelSpec winner{\"tiny\",") != std::string::npos);
  CHECK(text.find("#include <effv2/models/block_spec.hpp>") != std::string::npos);
  for (const char* kind : {"M = BlockKind::mbconv;", "F = BlockKind::fused_mbconv;"}) {
    CHECK(text.find(concat("inline constexpr BlockKind ", kind, "\n")) != std::string::npos);
  }
}

TEST_CASE("names that are no identifiers are refused", "[source]") {
  models::ModelSpec spec = models::find_model("tiny");
  CHECK_THROWS_AS(search::to_source(spec, ""), Error);
  CHECK_THROWS_AS(search::to_source(spec, "a b"), Error);
  CHECK_THROWS_AS(search::to_source(spec, "2nd"), Error);
  CHECK_THROWS_AS(search::to_source(spec, "a-b"), Error);
  CHECK_NOTHROW(search::to_source(models::find_model("v1-b0"), "v1_b0"));
  spec.name = "a\"b";
  CHECK_THROWS_AS(search::to_source(spec, "winner"), Error);
}

}  // namespace effv2::source_test
