// The version of the library. CMake reads these three lines; keep one number per line.
#pragma once

#define EFFV2_VERSION_MAJOR 0
#define EFFV2_VERSION_MINOR 1
#define EFFV2_VERSION_PATCH 0
#define EFFV2_VERSION_STRING "0.1.0"
