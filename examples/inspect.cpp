// Shows what is in a safetensors file, of any program: metadata, and of every tensor its type,
// shape, norm and range.
//
//   inspect FILE.safetensors
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <effv2/io/safetensors.hpp>
#include <exception>
#include <string>

#include "written_out.hpp"

using namespace effv2;

namespace {

// "3 4 5", or "one number"
std::string shape_text(const io::TensorEntry& entry) {
  std::string text;
  for (const std::int64_t extent : entry.shape) text += concat(text.empty() ? "" : " ", extent);
  return entry.shape.empty() ? "one number" : text;
}

template <class T>
void print_numbers(const Tensor<T>& values) {
  double square = 0.0, least = INFINITY, most = -INFINITY;
  std::int64_t strange = 0;
  for (const T number : values) {
    const auto value = static_cast<double>(number);
    if (!std::isfinite(value)) {
      ++strange;
      continue;
    }
    square += value * value;
    least = std::min(least, value), most = std::max(most, value);
  }
  if (values.empty() || least > most) {
    std::printf("%12s", "");
  } else {
    std::printf("%12.5g  %11.4g ... %-11.4g", std::sqrt(square), least, most);
  }
  if (strange > 0) std::printf("  %lld NOT FINITE", static_cast<long long>(strange));
  std::printf("\n");
}

void print_tensor(const io::SafetensorsFile& file, const std::string& name,
                  const io::TensorEntry& entry) {
  std::printf("%-56s %-5s %-16s", name.c_str(), std::string(io::info_of(entry.type).name).c_str(),
              shape_text(entry).c_str());
  using enum io::NumberType;
  switch (entry.type) {
    case f64:
    case f32:
    case f16:
    case bf16:
      return print_numbers(file.flat<double>(name));
    case u64:
      return print_numbers(file.flat<std::uint64_t>(name));
    case f8_e4m3:
    case f8_e5m2:
    case f8_e8m0:
    case c64:
      std::printf("\n");  // not read
      return;
    default:
      return print_numbers(file.flat<std::int64_t>(name));
  }
}

void inspect(const std::string& path) {
  const io::SafetensorsFile file = io::SafetensorsFile::read(path);
  for (const auto& [key, value] : file.metadata()) {
    std::string line = value;
    std::replace(line.begin(), line.end(), '\n', '|');
    std::printf("%-28s %s\n", key.c_str(), line.c_str());
  }
  if (!file.metadata().empty()) std::printf("\n");
  std::printf("%-56s %-5s %-16s %12s  %11s\n", "tensor", "type", "shape", "norm", "range");
  std::int64_t numbers = 0, bytes = 0;
  for (const auto& [name, entry] : file.entries()) {
    print_tensor(file, name, entry);
    numbers += entry.size(), bytes += entry.end - entry.begin;
  }
  std::printf("%lld tensors, %lld numbers, %lld bytes\n",
              static_cast<long long>(file.entries().size()), static_cast<long long>(numbers),
              static_cast<long long>(bytes));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: inspect FILE.safetensors\n");
    return 2;
  }
  try {
    inspect(argv[1]);
    check_written_out();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "inspect: %s\n", error.what());
    return 2;
  }
}
