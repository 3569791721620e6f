#include <effv2/train/html.hpp>

#include "../catch.hpp"
#include "../support/markup.hpp"

namespace effv2::html_test {

using namespace effv2::train;
using testing::count;
using testing::read_markup;

TEST_CASE("a page holds everything itself", "[html]") {
  const std::string page =
      html::page("a <b> & c", ".own { color: red; }", html::section("heading", "note", "<p>x</p>"));
  const testing::Markup markup = read_markup(page);
  CHECK(markup.error == "");
  CHECK(markup.elements.at("title") == 1);
  CHECK(markup.elements.at("h2") == 1);
  CHECK(markup.text.starts_with("\na <b> & c"));
  CHECK(markup.text.find(".own { color: red; }") != std::string::npos);
  for (const char* foreign : {"http:", "https:", "<script", "<link", "@import", "url("}) {
    CAPTURE(foreign);
    CHECK(count(page, foreign) == 0);
  }
  CHECK(count(page, "prefers-color-scheme: dark") == 1);
  CHECK(count(page, "width=device-width") == 1);
}

TEST_CASE("tables escape what is in them", "[html]") {
  const std::string table = html::table({{{"name", false}, {"size"}},
                                         {{"<i>", false}, {"12", true, 0.25}},
                                         {{"&", false}, {"99", true, 7.0}}});
  const testing::Markup markup = read_markup(table);
  CHECK(markup.error == "");
  CHECK(markup.elements.at("tr") == 3);
  CHECK(markup.elements.at("th") == 2);
  CHECK(markup.elements.at("td") == 4);
  CHECK_FALSE(markup.elements.contains("i"));
  CHECK(count(table, "--share:25.0%") == 1);
  CHECK(count(table, "--share:100.0%") == 1);
  CHECK(count(table, "class=\"number\"") == 1);
}

TEST_CASE("facts and folds escape what is in them", "[html]") {
  const std::string text = html::facts({{"a<", "\"b\""}, {"c", ""}}) +
                           html::folded("<more>", html::element("p", "", "x"));
  const testing::Markup markup = read_markup(text);
  CHECK(markup.error == "");
  CHECK(markup.elements.at("dt") == 2);
  CHECK(markup.elements.at("details") == 1);
  CHECK(markup.text == "a<\"b\"c\n<more>x\n");
}

TEST_CASE("the reader of markup sees what is wrong", "[html]") {
  for (const char* wrong :
       {"<a>", "</a>", "<a><b></a></b>", "<a b=\"<\"></a>", "<a b></a>", "&copy;", "x & y",
        "<a b=\"1\" b=\"2\"></a>", "<", "\x01", "<a b=\"&\"/>"}) {
    CAPTURE(wrong);
    CHECK(read_markup(wrong).error != "");
  }
  CHECK(read_markup("<!doctype html><a b=\"1\"><c />&amp;</a>").error == "");
}

}  // namespace effv2::html_test
