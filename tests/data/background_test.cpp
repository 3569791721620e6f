#include <effv2/data/background.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "../catch.hpp"

namespace effv2::background_test {

using effv2::data::Background;

TEST_CASE("a job runs once for every begin, beside its owner", "[data][background]") {
  int runs = 0;
  std::thread::id runner;
  Background background([&] {
    ++runs;
    runner = std::this_thread::get_id();
  });
  background.finish();  // nothing begun
  CHECK(runs == 0);
  for (int round = 1; round <= 1000; ++round) {
    CHECK_FALSE(background.begun());
    background.begin();
    CHECK(background.begun());
    background.finish();
    REQUIRE(runs == round);
  }
  CHECK(runner != std::this_thread::get_id());
}

TEST_CASE("what a job throws is thrown once, or dropped", "[data][background]") {
  int runs = 0;
  Background background([&] {
    if (++runs <= 2) throw std::runtime_error("run " + std::to_string(runs));
  });
  background.begin();
  CHECK_THROWS_WITH(background.finish(), "run 1");
  background.finish();
  background.begin();
  background.wait();
  background.finish();  // nothing of run 2
  background.begin();
  background.finish();
  CHECK(runs == 3);
}

TEST_CASE("a background may go while its job is under way", "[data][background]") {
  for (int round = 0; round < 100; ++round) {
    int runs = 0;
    {
      Background background([&] { ++runs; });
      if (round % 2 == 0) background.begin();
    }
    CHECK(runs <= 1);
  }
}

}  // namespace effv2::background_test
