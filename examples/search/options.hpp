// What the command line says.
#pragma once

#include <cstdint>
#include <string>

struct Options {
  std::string data, out, backbone = "tiny", searcher = "evolution", step_times;
  std::int64_t candidates = 100, population = 20, tournament = 5, layers = 1;
  std::int64_t images = 4000, validation = 5000, size = 20, stem_stride = 2;
  std::int64_t epochs = 6, batch = 64, seed = 1, threads = 0, show = 20;
  double learning_rate = 2e-3, drop_path = 0.1;
};

struct UsageError {
  std::string text;
};

/// False where only help was wanted. Throws UsageError.
bool parse_command_line(int argc, char** argv, Options& options);
