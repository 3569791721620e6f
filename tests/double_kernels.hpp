// The kernels for double, which the gradients are checked in: compiled once, in double_kernels.cpp.
#pragma once

#define EFFV2_REAL double
#include <effv2/compiled_kernels.hpp>
