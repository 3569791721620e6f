#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <effv2/core/parallel.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace effv2::parallel_test {

TEST_CASE("every task runs once, with any number of threads", "[parallel]") {
  for (int threads = 1; threads <= 16; ++threads) {
    for (const std::int64_t tasks : {0, 1, 2, 7, 100}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
      parallel_for(tasks, threads, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
      for (const std::atomic<int>& count : runs) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("chunks cover a range without overlap", "[parallel]") {
  for (const std::int64_t count : {0, 1, 9, 10, 11, 95}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
    parallel_chunks(count, 10, 3, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (const std::atomic<int>& times : seen) REQUIRE(times == 1);
  }
}

// More threads than there are cores: a request that is honoured even if another program holds one.
const int unwatched = available_threads() + 1;

TEST_CASE("the exception of the first failed task reaches the caller, the others run",
          "[parallel]") {
  for (const int threads : {1, 2, unwatched}) {
    std::atomic<int> done{0};
    std::string text;
    try {
      parallel_for(20, threads, [&](std::int64_t i) {
        if (i == 7 || i == 13) throw std::runtime_error(std::to_string(i));
        ++done;
      });
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    CHECK(text == "7");
    if (threads == unwatched) CHECK(done == 18);
  }
}

TEST_CASE("an explicit number of threads is really used, even beyond the cores", "[parallel]") {
#ifdef _OPENMP
  std::atomic<int> team{0};
  parallel_for(2 * unwatched, unwatched, [&](std::int64_t) { team = omp_get_num_threads(); });
  CHECK(team == unwatched);
#endif
}

TEST_CASE("an absurd number of threads is no harm", "[parallel]") {
  for (const int threads : {-1, 0, 1 << 30}) {
    std::atomic<int> runs{0}, most{0};
    parallel_for(1000, threads, [&](std::int64_t) {
      ++runs;
#ifdef _OPENMP
      most = omp_get_num_threads();
#endif
    });
    CHECK(runs == 1000);
    CHECK(most <= max_threads);
  }
}

TEST_CASE("after a failure the next loop runs as if there had been none", "[parallel]") {
  CHECK_THROWS_AS(parallel_for(9, 3, [](std::int64_t) { throw 1; }), int);
  std::atomic<int> runs{0};
  parallel_for(9, 3, [&](std::int64_t) { ++runs; });
  CHECK(runs == 9);
}

TEST_CASE("an exception of an inner loop passes through both", "[parallel]") {
  CHECK_THROWS_AS(parallel_for(4, 2,
                               [](std::int64_t) {
                                 parallel_for(4, 2, [](std::int64_t i) {
                                   if (i == 2) throw std::runtime_error("inner");
                                 });
                               }),
                  std::runtime_error);
}

TEST_CASE("inside of a parallel region everything is serial", "[parallel]") {
  std::atomic<int> total{0}, wrong{0};
  parallel_for(4, unwatched, [&](std::int64_t) {
    std::int64_t expected = 0;
    parallel_for(5, 4, [&](std::int64_t i) {
      wrong += i == expected++ ? 0 : 1;
      ++total;
    });
  });
  CHECK(total == 20);
  CHECK(wrong == 0);
}

TEST_CASE("requests for threads are made safe", "[parallel]") {
  CHECK(available_threads() >= 1);
  CHECK(clamp_threads(0) == available_threads());
  CHECK(clamp_threads(-5) == available_threads());
  CHECK(clamp_threads(3) == 3);
  CHECK(clamp_threads(1000000) == 256);
}

TEST_CASE("a core that another program holds is done without, and tried again", "[parallel]") {
  using namespace std::chrono_literals;
  using effv2::EFFV2_ISA::detail::CoreWatch;
  CoreWatch watch;
  CoreWatch::Clock::time_point now{1h};
  CHECK(watch.usable(4, now) == 4);
  // Uneven tasks, short waits and stalls far apart change nothing.
  for (int i = 0; i < 10; ++i) watch.note(40ms, 9ms, now);
  for (int i = 0; i < 10; ++i) watch.note(100us, 900us, now);
  for (int i = 0; i < 10; ++i) watch.note(1ms, 4ms, now += 200ms);
  CHECK(watch.usable(4, now) == 4);
  // Three in a row: one thread fewer, and again.
  for (int i = 0; i < 3; ++i) watch.note(1ms, 4ms, now += 5ms);
  CHECK(watch.usable(4, now) == 3);
  for (int i = 0; i < 3; ++i) watch.note(1ms, 4ms, now += 5ms);
  CHECK(watch.usable(4, now) == 2);
  CHECK(watch.usable(2, now) == 1);
  // They come back one after the other.
  CHECK(watch.usable(4, now += 600ms) == 3);
  CHECK(watch.usable(4, now) == 3);
  CHECK(watch.usable(4, now += 600ms) == 4);
  CHECK(watch.usable(1, now) == 1);
}

TEST_CASE("a child process computes without its parent's threads", "[parallel]") {
  const auto sum = [] {
    std::atomic<int> total{0};
    parallel_for(100, unwatched, [&](std::int64_t i) { total += static_cast<int>(i); });
    return total.load();
  };
  REQUIRE(sum() == 4950);  // the threads are there
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // instead of waiting for ever
      ::_exit(sum() == 4950 ? 0 : 1);
    }
    REQUIRE(child > 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(sum() == 4950);
}

}  // namespace effv2::parallel_test
