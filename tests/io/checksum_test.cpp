#include <effv2/io/checksum.hpp>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::checksum_test {

using effv2::io::Checksum;

namespace {

std::string sum_of(const std::vector<std::uint8_t>& bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.to_string();
}

}  // namespace

TEST_CASE("a checksum does not depend on the pieces in which bytes come", "[checksum]") {
  effv2::testing::Dice dice(900);
  std::vector<std::uint8_t> bytes(1000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(dice.between(0, 255));
  for (int trial = 0; trial < 100; ++trial) {
    Checksum sum;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto count = std::min(bytes.size() - at, static_cast<std::size_t>(dice.between(0, 30)));
      sum.add(std::span(bytes).subspan(at, count));
      at += count;
    }
    REQUIRE(sum.to_string() == sum_of(bytes));
  }
}

TEST_CASE("every change of a byte changes the checksum", "[checksum]") {
  const std::vector<std::uint8_t> bytes(37, 5);
  const std::string right = sum_of(bytes);
  CHECK(right.size() == 16);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::vector<std::uint8_t> changed = bytes;
      changed[at] = static_cast<std::uint8_t>(value);
      REQUIRE((sum_of(changed) == right) == (value == 5));
    }
  }
}

TEST_CASE("a checksum is put into the place that was left for it", "[checksum]") {
  std::string header = R"({"__metadata__":{"effv2.checksum":"0000000000000000"}})";
  Checksum::fill_in(header, "0123456789abcdef");
  CHECK(header == R"({"__metadata__":{"effv2.checksum":"0123456789abcdef"}})");
  std::string other = R"({"effv2.checksum":"00"})";
  Checksum::fill_in(other, "0123456789abcdef");
  CHECK(other == R"({"effv2.checksum":"00"})");
}

}  // namespace effv2::checksum_test
