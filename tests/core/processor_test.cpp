#include <effv2/core/processor.hpp>

#include "../catch.hpp"

using namespace effv2;

TEST_CASE("this processor runs this test; another is told what it lacks", "[processor]") {
  CHECK_NOTHROW(require_processor());
  CHECK_NOTHROW(require_features({{"AVX", true}}));
  try {
    require_features({{"AVX", true}, {"AVX9000", false}});
    FAIL("a missing feature went unnoticed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK(std::string(error.what()).find("AVX9000") != std::string::npos);
  }
}
