#include <algorithm>
#include <effv2/core/text.hpp>
#include <limits>
#include <string>

#include "../catch.hpp"

namespace effv2::text_test {

using namespace effv2::text;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("the whole of a text is a number, or it is none", "[text]") {
  CHECK(parse_number<int>("-12") == -12);
  CHECK(parse_number<double>("0.5") == 0.5);
  for (const char* text : {"", " 1", "1 ", "1x", "x", "+1", "99999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number<int>(text));
  }
}

TEST_CASE("an enumeration's value is found by its name", "[text]") {
  enum class Colour { red, green };
  constexpr std::string_view names[] = {"red", "green"};
  CHECK(kind_named<Colour>(names, "red") == Colour::red);
  CHECK(kind_named<Colour>(names, "green") == Colour::green);
  CHECK_FALSE(kind_named<Colour>(names, "gree").has_value());
}

TEST_CASE("thousands are grouped", "[text]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-999) == "-999");
  CHECK(grouped(-1234567) == "-1,234,567");
  CHECK(fixed(1234567.891, 2) == "1,234,567.89");
  CHECK(fixed(-123.0, 0) == "-123");
  CHECK(fixed(-1234.0, 0) == "-1,234");
}

TEST_CASE("numbers are rounded to what is worth reading", "[text]") {
  CHECK(rounded(0.0) == "0");
  CHECK(rounded(0.002004) == "0.002");
  CHECK(rounded(-0.0125) == "-0.0125");
  CHECK(rounded(2.0) == "2");
  CHECK(rounded(0.1 + 0.2) == "0.3");
  CHECK(rounded(99.4832, 4) == "99.48");
  CHECK(rounded(99.996, 4) == "100");
  CHECK(rounded(2808.4) == "2,808");
  CHECK(rounded(0.0000312) == "3.12e-05");
  CHECK(percent(0.99483) == "99.48 %");
  CHECK(percent(1.0) == "100.00 %");
  CHECK(in_short(20189866.0) == "20.2 M");
  CHECK(in_short(209848.0) == "210 k");
  CHECK(in_short(7.0) == "7");
  CHECK(in_short(2.5e9) == "2.5 G");
}

TEST_CASE("what is no number is not shown as one", "[text]") {
  for (const double value : {not_a_number, infinity, -infinity}) {
    CHECK(fixed(value, 2) == no_number);
    CHECK(rounded(value) == no_number);
    CHECK(duration(value) == no_number);
  }
  CHECK(percent(not_a_number) == std::string(no_number) + " %");
  CHECK(duration(-1.0) == no_number);
  CHECK(fixed(1e300, 2) == "∞");
  CHECK(rounded(-1e300) == "-∞");
}

TEST_CASE("more digits than a number has room for are left out", "[text]") {
  CHECK(fixed(1.5, 70).size() == 42);
  CHECK(rounded(3e-5, 60).size() < 60);
}

TEST_CASE("durations", "[text]") {
  CHECK(duration(0.2) == "0 s");
  CHECK(duration(59.4) == "59 s");
  CHECK(duration(59.6) == "1 min 00 s");
  CHECK(duration(644.3) == "10 min 44 s");
  CHECK(duration(3600.0) == "1 h 00 min");
  CHECK(duration(1e6) == "277 h 46 min");
}

TEST_CASE("markup in a text is no markup any more", "[text]") {
  CHECK(escaped("<script>alert('1' & \"2\")</script>") ==
        "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
  CHECK(escaped("grüße\n\t") == "grüße\n\t");
  CHECK(escaped(std::string("a\0b\x1B\x7F", 5)) == "a?b??");
  CHECK(escaped("") == "");
}

TEST_CASE("a name is one line of utf-8", "[text]") {
  CHECK(is_name("grüner Apfel"));
  CHECK_FALSE(is_name("a\nb"));
  CHECK_FALSE(is_name("\xFC"));
}

TEST_CASE("utf-8 is told from other bytes", "[text]") {
  for (const char* good :
       {"", "a", "é", "€", "😀", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "a é € 😀 z"}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF",
                          "\xE2\x82", "\xE2(\xA1", "\xE2\x82(", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
                          "gr\xFC\xDF"
                          "e"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("of many lines that are missing, twenty are told", "[text]") {
  std::string lines = "same";
  for (int i = 0; i < 23; ++i) lines += '\n', lines += std::to_string(i);
  const std::string missing = missing_lines(lines, "same", "has ");
  CHECK(std::count(missing.begin(), missing.end(), '\n') == 21);
  CHECK(missing.ends_with("\n  has 19\n  has 3 lines more"));
  CHECK(missing_lines("same", lines, "has ").empty());
}

}  // namespace effv2::text_test
