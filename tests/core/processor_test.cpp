#include <effv2/core/processor.hpp>

#include "../catch.hpp"

namespace effv2::processor_test {

TEST_CASE("this processor runs this test; another is told what it lacks", "[processor]") {
  CHECK_NOTHROW(require_processor());
  CHECK_NOTHROW(require_feature(true, "[processor] lacks nothing"));
  try {
    require_feature(false, "[processor] lacks AVX9000");
    FAIL("a missing feature went unnoticed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK(std::string(error.what()) == "[processor] lacks AVX9000");
  }
}

}  // namespace effv2::processor_test
