// The run itself: options to network and trainer.
#pragma once

#include <effv2/train/report.hpp>
#include <functional>

#include "mnist_data.hpp"
#include "options.hpp"

/// Trains, evaluates, and returns the result; called once.
using Training = std::function<effv2::train::FitResult(const effv2::train::Callbacks& callbacks)>;

/// Checks everything, builds the network and says what it is (unless quiet). The data must outlive
/// what is returned.
Training prepare_training(const Options& options, const MnistData& data);
