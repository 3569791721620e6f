// The one source file of effv2::compiled.
#define EFFV2_INSTANTIATE
#include <effv2/compiled.hpp>
