// The one place where threads are woken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <type_traits>

#ifdef _OPENMP
#  include <omp.h>
#endif

#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

inline constexpr int max_threads = 256;

/// The cores this process may use (1 without OpenMP).
inline int available_threads() {
#ifdef _OPENMP
  return std::clamp(omp_get_num_procs(), 1, max_threads);
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

// The loop behind parallel_for. Not a template: a task's code then exists once, not in a serial and
// a parallel copy (9 % less code in a training program).
inline void run_tasks(std::int64_t tasks, int threads, void (*call)(void* task, std::int64_t index),
                      void* task) {
#ifdef _OPENMP
  const int team = static_cast<int>(std::min<std::int64_t>({threads, tasks, max_threads}));
  if (team > 1 && omp_in_parallel() == 0) {
    std::exception_ptr failure;
    std::int64_t failed_task = tasks;
#  pragma omp parallel for num_threads(team) schedule(dynamic, 1)
    for (std::int64_t index = 0; index < tasks; ++index) {
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
/// reaches the caller after all threads have finished. Inside another parallel region it runs
/// serially: there is one level of parallelism.
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

/// Splits [0, count) into chunks of `grain` and calls body(begin, end) for each, in parallel.
template <class Body>
void parallel_chunks(std::int64_t count, std::int64_t grain, int threads, Body&& body) {
  const std::int64_t chunks = (count + grain - 1) / grain;
  parallel_for(chunks, threads, [=](std::int64_t chunk) {
    const std::int64_t begin = chunk * grain;
    body(begin, std::min(count, begin + grain));
  });
}

}  // namespace effv2::inline EFFV2_ISA
