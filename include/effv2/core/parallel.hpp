// The one place that starts OpenMP teams.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <type_traits>

#ifdef _OPENMP
#  include <omp.h>
#endif

#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

inline constexpr int max_threads = 256;

/// The cores this process may use, or fewer if OMP_NUM_THREADS or omp_set_num_threads say so (1
/// without OpenMP).
inline int available_threads() {
#ifdef _OPENMP
  return std::clamp(std::min(omp_get_num_procs(), omp_get_max_threads()), 1, max_threads);
#else
  return 1;
#endif
}

/// A request for threads made safe: 0 or less means all available cores; at most `max_threads`.
/// An explicit number is honoured even when there are fewer cores.
inline int clamp_threads(int requested) {
  return requested <= 0 ? available_threads() : std::min(requested, max_threads);
}

namespace detail {

// A child process has none of its parent's threads, and OpenMP would wait for them for ever: what
// forks after its first parallel loop computes on one thread there. (Results are the same bits.)
class ForkWatch {
 public:
  // To be asked before each team.
  static bool is_orphan() {
    [[maybe_unused]] static const int registered =
        ::pthread_atfork(nullptr, nullptr, [] { orphan().store(true, std::memory_order_relaxed); });
    return orphan().load(std::memory_order_relaxed);
  }

 private:
  EFFV2_ONE_PER_PROGRAM static std::atomic<bool>& orphan() {
    static std::atomic<bool> value{false};
    return value;
  }
};

// The tasks of one thread, on a cache line of its own. No std::atomic, whose constructor would
// write to all max_threads of them at the start of every loop: half of a first-level cache.
struct alignas(64) TaskRange {
  std::int64_t next, end;

  std::int64_t take() { return std::atomic_ref(next).fetch_add(1, std::memory_order_relaxed); }
};

// Notices when another program keeps one of our cores busy, and does without that core for a while.
//
// A loop ends when its slowest thread does. If the operating system has given that thread's core to
// somebody else, all wait for a time slice, some milliseconds, at the end of every loop of a
// fraction of one: two threads beside one busy process were measured at a fifth of the speed of one
// thread. Results do not depend on the number of threads, so it may change from loop to loop.
class CoreWatch {
 public:
  using Clock = std::chrono::steady_clock;

  EFFV2_ONE_PER_PROGRAM static CoreWatch& instance() {
    static CoreWatch watch;
    return watch;
  }

  // Asked for once: the answer is a system call, and there are thousands of loops a second.
  static int cores() {
    static const int count = available_threads();
    return count;
  }

  // Of `team` threads, so many as have a core now. Tries one more every `retry`.
  int usable(int team, Clock::time_point now) {
    int busy = busy_.load(std::memory_order_relaxed);
    if (busy > 0 && now - since() > retry) {
      busy_.store(--busy, std::memory_order_relaxed);  // a stall noted meanwhile is noted again
      set_since(now);
    }
    return std::max(1, team - busy);
  }

  // The caller of a loop worked, and then waited for the other threads. Uneven tasks make it wait
  // as well, but neither so long nor for half of the time it worked; and a stall now and then is
  // anybody's.
  void note(Clock::duration worked, Clock::duration waited, Clock::time_point now) {
    if (waited < stall || waited < worked / 2) return;
    const bool is_first = now - since() > burst;
    const int stalls = is_first ? 1 : stalls_.load(std::memory_order_relaxed) + 1;
    stalls_.store(stalls % stalls_of_a_busy_core, std::memory_order_relaxed);
    if (stalls == stalls_of_a_busy_core) busy_.fetch_add(1, std::memory_order_relaxed);
    set_since(now);
  }

 private:
  static constexpr std::chrono::milliseconds stall{1}, burst{100}, retry{500};
  static constexpr int stalls_of_a_busy_core = 3;

  Clock::time_point since() const {
    return Clock::time_point(Clock::duration(since_.load(std::memory_order_relaxed)));
  }
  void set_since(Clock::time_point now) {
    since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }

  std::atomic<int> busy_{0}, stalls_{0};
  std::atomic<Clock::rep> since_{0};  // of the last stall, or of the last try
};

// The loop behind parallel_for. Not a template: a task's code then exists once, not in a serial and
// a parallel copy (9 % less code in a training program).
//
// Thread t begins with the t-th part of the tasks, and takes from the other parts when its own is
// done. So neighbouring pictures meet the same core in one layer after the other and are still in
// its cache, and a core that is held up by another program is helped out.
inline void run_tasks(std::int64_t tasks, int threads, void (*call)(void* task, std::int64_t index),
                      void* task) {
#ifdef _OPENMP
  int team = static_cast<int>(std::min<std::int64_t>({threads, tasks, max_threads}));
  if (team > 1 && (omp_in_parallel() != 0 || ForkWatch::is_orphan())) team = 1;
  // More threads than cores are somebody's wish to have them.
  const bool is_watched = team > 1 && threads <= CoreWatch::cores();
  const CoreWatch::Clock::time_point begin =
      is_watched ? CoreWatch::Clock::now() : CoreWatch::Clock::time_point{};
  if (is_watched) team = CoreWatch::instance().usable(team, begin);
  if (team > 1) {
    CoreWatch::Clock::time_point started{}, done{};
    TaskRange ranges[max_threads];
    for (int t = 0; t < team; ++t) {
      ranges[t] = {tasks * t / team, tasks * (t + 1) / team};
    }
    std::exception_ptr failure;
    std::int64_t failed_task = tasks;
#  pragma omp parallel num_threads(team)
    {
      const int self = omp_get_thread_num();
      if (self == 0 && is_watched) started = CoreWatch::Clock::now();
      for (int i = 0; i < team; ++i) {
        TaskRange& range = ranges[(self + i) % team];
        for (;;) {
          const std::int64_t index = range.take();
          if (index >= range.end) break;
          try {
            call(task, index);
          } catch (...) {
#  pragma omp critical(effv2_parallel_for)
            if (index < failed_task) {
              failed_task = index;
              failure = std::current_exception();
            }
          }
        }
      }
      if (self == 0 && is_watched) done = CoreWatch::Clock::now();
    }
    if (is_watched) {
      const CoreWatch::Clock::time_point end = CoreWatch::Clock::now();
      // A team also waits before it starts, for threads that have not come back from the last loop.
      CoreWatch::instance().note(done - started, (started - begin) + (end - done), end);
    }
    if (failure) std::rethrow_exception(failure);
    return;
  }
#endif
  static_cast<void>(threads);
  for (std::int64_t index = 0; index < tasks; ++index) call(task, index);
}

}  // namespace detail

/// Calls task(i) once for every i in [0, tasks), on up to `threads` threads (1 if it is less than
/// that, `max_threads` if it is more). What a task computes must not depend on the thread it runs
/// on; then results are the same for any thread count. The first exception (by index) of any task
/// reaches the caller after all threads have finished; which of the tasks behind it have run is
/// open. Inside another parallel region it runs serially: there is one level of parallelism. Every
/// call is of a copy of the task, so that what it changes in itself is lost.
template <class Task>
void parallel_for(std::int64_t tasks, int threads, Task&& task) {
  using Body = std::remove_reference_t<Task>;
  // Every call works on a copy of the task: what a task captures by value then lives in registers.
  // Reached through a pointer it would be read again after every store, since vector stores may
  // alias anything.
  const auto call = [](void* body, std::int64_t index) __attribute__((flatten)) {
    Body copy(*static_cast<Body*>(body));
    copy(index);
  };
  // A const task is not changed: Body carries its const.
  detail::run_tasks(tasks, threads, call, const_cast<std::remove_const_t<Body>*>(&task));
}

/// Splits [0, count) into chunks of `grain` > 0 and calls body(begin, end) for each, as
/// parallel_for calls its task.
template <class Body>
void parallel_chunks(std::int64_t count, std::int64_t grain, int threads, Body&& body) {
  const std::int64_t chunks = (count + grain - 1) / grain;
  parallel_for(chunks, threads, [=](std::int64_t chunk) {
    const std::int64_t begin = chunk * grain;
    body(begin, std::min(count, begin + grain));
  });
}

}  // namespace effv2::inline EFFV2_ISA
