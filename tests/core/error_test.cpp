#include <cstdint>
#include <effv2/core/error.hpp>
#include <string>

#include "../catch.hpp"

namespace effv2::error_test {

namespace {
struct Named {
  std::string to_string() const { return "(named)"; }
};
}  // namespace

TEST_CASE("an error carries its code and its text", "[error]") {
  try {
    throw_error(ErrorCode::format, "[x] expected ", 3, ", got ", std::int64_t{-4}, ' ', Named{});
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::format);
    CHECK(std::string(error.what()) == "[x] expected 3, got -4 (named)");
  }
}

TEST_CASE("a check evaluates its text only when it fails", "[error]") {
  int evaluated = 0;
  const auto text = [&] { return ++evaluated; };
  EFFV2_CHECK(true, ErrorCode::io, text());
  CHECK(evaluated == 0);
  CHECK_THROWS_AS([&] { EFFV2_CHECK(1 + 1 == 3, ErrorCode::io, text()); }(), Error);
  CHECK(evaluated == 1);
}

TEST_CASE("an error is caught as a standard exception", "[error]") {
  CHECK_THROWS_AS(throw_error(ErrorCode::io, "x"), std::runtime_error);
}

}  // namespace effv2::error_test
