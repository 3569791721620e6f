#include <effv2/models/tables.hpp>
#include <set>
#include <string>

#include "../catch.hpp"

namespace effv2::tables_test {

using namespace effv2::models;

TEST_CASE("every stage takes in what the one before gives out", "[tables]") {
  std::set<std::string_view> names;
  for (const ModelSpec& spec : all_models) {
    CAPTURE(spec.name);
    CHECK(names.insert(spec.name).second);
    int channels = spec.stem;
    for (const StageSpec& stage : spec.stages()) {
      CHECK(stage.in_channels == channels);
      CHECK(stage.repeats > 0);
      channels = stage.out_channels;
    }
  }
  CHECK(names.size() == 18);
}

TEST_CASE("the blocks of the published models are as many as the paper's", "[tables]") {
  CHECK(find_model("s").blocks() == 40);
  CHECK(find_model("m").blocks() == 57);
  CHECK(find_model("l").blocks() == 79);
  CHECK(find_model("xl").blocks() == 100);
  CHECK(find_model("v1-b0").blocks() == 16);
}

TEST_CASE("a model there is not is refused with the names there are", "[tables]") {
  try {
    find_model("xxl");
    FAIL("found");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(text.find("xxl") != std::string::npos);
    CHECK(text.find("v1-b7") != std::string::npos);
  }
}

}  // namespace effv2::tables_test
