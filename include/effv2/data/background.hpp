// A thread that does one job at a time while its owner does something else.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// begin() lets the job run once in the background, finish() waits for it and throws what it threw.
/// Between the two the job has what it touches to itself. Used by one thread at a time, and not by
/// a child process, which does not have the thread.
class Background {
 public:
  explicit Background(std::function<void()> job) : job_(std::move(job)) {}
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// Whether there is something to finish().
  bool begun() const { return begun_; }

  void begin() {
    const bool has_thread = thread_.joinable() || start_thread();
    begun_ = true;
    if (!has_thread) {
      run();  // no thread to be had: now rather than never
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      requested_ = true;
    }
    changed_.notify_all();
  }

  void finish() {
    await();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  /// As finish(), but what the job threw is dropped.
  void wait() {
    await();
    failure_ = nullptr;
  }

 private:
  void await() {
    if (!std::exchange(begun_, false)) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !requested_; });
  }

  bool start_thread() {
    try {
      thread_ = std::thread([this] { serve(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return requested_ || stopping_; });
      if (stopping_) return;
      lock.unlock();
      run();
      lock.lock();
      requested_ = false;
      changed_.notify_all();
    }
  }

  void run() {
    failure_ = nullptr;
    try {
      job_();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  std::function<void()> job_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr failure_;
  bool requested_ = false, stopping_ = false;  // under the mutex
  bool begun_ = false;                         // the owner's
  std::thread thread_;
};

}  // namespace effv2::inline EFFV2_ISA::data
