#define EFFV2_INSTANTIATE
#include "double_kernels.hpp"
