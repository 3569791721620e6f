#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/report_network.hpp>

#include "../catch.hpp"
#include "../support/markup.hpp"

namespace effv2::report_network_test {

using namespace effv2::train;
using testing::count;
using testing::read_markup;

namespace {

nn::Summary summary_of(const char* name) {
  return nn::summary(
      models::EfficientNet<float>(models::find_model(name), {.in_channels = 1, .classes = 10}),
      {1, 28, 28, 1});
}

}  // namespace

TEST_CASE("units are the rows of the paper's table, and hold everything", "[report]") {
  const nn::Summary summary = summary_of("s");
  const std::vector<Unit> found = units(summary);
  std::int64_t parameters = 0, multiply_adds = 0, blocks = 0;
  for (const Unit& unit : found) {
    parameters += unit.parameters, multiply_adds += unit.multiply_adds, blocks += unit.count;
  }
  CHECK(parameters == summary.parameters);
  CHECK(multiply_adds == summary.multiply_adds);
  CHECK(blocks == 1 + 40 + 3);  // stem, the paper's 40 blocks, head, pool, classifier

  CHECK(found[0].first == "stem");
  CHECK(found[0].operations == "conv\u00A03×3 / 2");
  CHECK(found[1].first == "blocks.0");
  CHECK(found[1].last == "blocks.1");
  CHECK(found[1].count == 2);
  CHECK(found[1].operations == "conv\u00A03×3, shortcut");
  CHECK(found[2].operations == "conv\u00A03×3 / 2, conv\u00A01×1");
  CHECK(found[2].output == Shape{1, 7, 7, 48});
  CHECK(found[3].count == 3);  // the other three of the stage of four
  CHECK(found.back().operations == "linear");
  CHECK(found[found.size() - 2].operations == "global average pool");
  const Unit& last = found[found.size() - 4];
  CHECK(last.last == "blocks.39");
  CHECK(last.operations ==
        "conv\u00A01×1, depthwise\u00A03×3, squeeze-excite, conv\u00A01×1, shortcut");
}

TEST_CASE("other networks have units too", "[report]") {
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(64, 32),
                            nn::Linear<float>(32, 4));
  const std::vector<Unit> found = units(nn::summary(net, {1, 8, 8, 1}));
  REQUIRE(found.size() == 3);
  CHECK(found[1].operations == "linear");
  CHECK(found[1].parameters == 64 * 32 + 32);
  CHECK(units(nn::Summary{nn::Graph({1, 8, 8, 1})}).empty());
  // The same operation, but the picture is another one each time.
  nn::Sequential<float> pools(nn::MaxPool<float>{}, nn::MaxPool<float>{});
  CHECK(units(nn::summary(pools, {1, 8, 8, 1})).size() == 2);
}

TEST_CASE("the section has a row for each unit and the totals", "[report]") {
  const nn::Summary summary = summary_of("tiny");
  const std::string part = network_section(summary);
  const testing::Markup markup = read_markup(part);
  CHECK(markup.error == "");
  CHECK(markup.elements.at("tr") == 1 + static_cast<int>(units(summary).size()));
  CHECK(count(markup.text, text::grouped(summary.parameters) + " parameters") == 1);
  CHECK(count(markup.text, "a picture of 28 × 28 × 1") == 1);
  CHECK(count(markup.text, "blocks.6 – 72 × (") == 1);
  CHECK(read_markup(network_section(nn::Summary{nn::Graph({0})})).error == "");
}

}  // namespace effv2::report_network_test
