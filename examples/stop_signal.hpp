// Ctrl-C as a request: what examples that run for long have in common.
#pragma once

#include <csignal>

/// Exit codes of the shell's convention.
constexpr int usage_error = 2, killed_by_signal = 128;

/// The signal that asked for an end, or 0.
inline volatile std::sig_atomic_t stop_signal = 0;

/// From now on the first SIGINT or SIGTERM is noted in stop_signal; a second one is not waited for.
/// A limit on the size of files is an error and no end.
inline void watch_stop_signals() {
  const auto note = [](int signal) {
    stop_signal = signal;
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  };
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
  std::signal(SIGXFSZ, SIG_IGN);
}
