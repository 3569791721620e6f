// The run itself: options to network and trainer.
#pragma once

#include <effv2/train/report.hpp>

#include "mnist_data.hpp"
#include "options.hpp"

/// Builds the network, says what it is (unless quiet), trains and evaluates it.
effv2::train::FitResult run_training(const Options& options, const MnistData& data,
                                     const effv2::train::Callbacks& callbacks);
