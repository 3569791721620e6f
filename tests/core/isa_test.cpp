#include <effv2/core/isa.hpp>
#include <effv2/core/simd.hpp>
#include <effv2/core/tensor.hpp>
#include <string>
#include <typeinfo>

#include "../catch.hpp"

namespace effv2::isa_test {

#define EFFV2_TEXT(x) #x
#define EFFV2_TEXT_OF(x) EFFV2_TEXT(x)

TEST_CASE("names of types carry the instruction set, so two of them can be linked", "[isa]") {
  const std::string symbol = typeid(Tensor<float>).name();
  CHECK(symbol.find(EFFV2_TEXT_OF(EFFV2_ISA)) != std::string::npos);
  CHECK(std::string(EFFV2_ISA_NAME).size() > 2);
}

TEST_CASE("vectors are as wide as the instruction set", "[isa]") {
#if defined(EFFV2_HAS_AVX512)
  CHECK(simd::width<float> == 16);
#elif defined(__AVX__)
  CHECK(simd::width<float> == 8);
#elif defined(__SSE2__) || defined(__aarch64__)
  CHECK(simd::width<float> == 4);
#endif
  CHECK(simd::width<long double> == 1);
}

}  // namespace effv2::isa_test
