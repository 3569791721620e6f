// Reads the includes of every header and fails when an arrow runs against the stream:
// docs/design.md has the picture.
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"

namespace {

namespace fs = std::filesystem;

// Which rooms a room may look into, besides itself.
const std::map<std::string, std::set<std::string>>& arrows() {
  static const std::map<std::string, std::set<std::string>> map = {
      {"core", {}},
      {"kernels", {"core"}},
      {"nn", {"core", "kernels"}},
      {"models", {"core", "kernels", "nn"}},
      {"optim", {"core"}},
      {"io", {"core"}},
      {"data", {"core"}},
      {"train", {"core", "kernels", "nn", "models", "optim", "data", "io"}},
      {"search", {"core", "kernels", "nn", "models", "optim", "data", "io", "train"}},
      {"distributed", {"core"}},
  };
  return map;
}

// optim, io and distributed see nn through its doors only.
const std::set<std::string> doors = {"nn/parameter.hpp", "nn/visit.hpp", "nn/graph.hpp",
                                     "nn/layer.hpp", "nn/context.hpp"};
const std::set<std::string> visitors = {"optim", "io", "distributed"};

// Packages and the only header that may include them.
const std::map<std::string, std::string> packages = {{"xsimd", "core/simd.hpp"},
                                                     {"Eigen", "kernels/gemm.hpp"},
                                                     {"zlib.h", "data/gzip.hpp"},
                                                     {"mpi.h", "distributed/mpi.hpp"}};

// What is wrong with `include` in `header` (both relative to include/effv2), if anything.
std::optional<std::string> complaint(const std::string& header, const std::string& include,
                                     bool quoted) {
  if (!quoted) {
    for (const auto& [package, home] : packages) {
      if (include.starts_with(package) && header != home) return package + " outside of " + home;
    }
    return {};
  }
  if (header == "effv2.hpp") return {};
  const fs::path target = (fs::path(header).parent_path() / include).lexically_normal();
  const std::string to = target.generic_string();
  if (to == "effv2.hpp") return "the umbrella is for users";
  const std::string room = fs::path(header).begin()->string(), other = target.begin()->string();
  if (room == other || to == "version.hpp") return {};
  const auto allowed = arrows().find(room);
  if (allowed == arrows().end()) return "no such room: " + room;
  if (allowed->second.contains(other)) return {};
  if (visitors.contains(room) && doors.contains(to)) return {};
  return room + " may not look into " + other;
}

std::vector<std::string> complaints(const std::string& header, std::istream& text) {
  static const std::regex directive("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  std::vector<std::string> found;
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, directive)) continue;
    const bool quoted = match[1] == "\"";
    const std::string name = match[2];
    if (auto wrong = complaint(header, name, quoted)) {
      found.push_back(header + " includes " + name + ": " + *wrong);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("all arrows run one way", "[architecture]") {
  const fs::path root = fs::path(EFFV2_SOURCE_DIR) / "include/effv2";
  std::size_t headers = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp") continue;
    ++headers;
    std::ifstream file(entry.path());
    for (const std::string& text :
         complaints(fs::relative(entry.path(), root).generic_string(), file)) {
      FAIL_CHECK(text);
    }
  }
  CHECK(headers > 40);
}

TEST_CASE("the umbrella holds every header but those that need a further package",
          "[architecture]") {
  const fs::path root = fs::path(EFFV2_SOURCE_DIR) / "include/effv2";
  std::ifstream file(root / "effv2.hpp");
  const std::string umbrella((std::istreambuf_iterator<char>(file)), {});
  const std::set<std::string> outside = {"kernels/gemm.hpp", "kernels/im2col.hpp", "data/gzip.hpp",
                                         "effv2.hpp"};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp") continue;
    const std::string name = fs::relative(entry.path(), root).generic_string();
    CAPTURE(name);
    const bool inside = umbrella.find("#include \"" + name + "\"") != std::string::npos;
    CHECK(inside != outside.contains(name));
  }
}

TEST_CASE("the check sees what it should", "[architecture]") {
  const auto count = [](const std::string& header, const std::string& line) {
    std::istringstream text(line);
    return complaints(header, text).size();
  };
  CHECK(count("core/tensor.hpp", "#include \"../kernels/conv2d.hpp\"") == 1);
  CHECK(count("kernels/conv2d.hpp", "#include \"../nn/layer.hpp\"") == 1);
  CHECK(count("data/loader.hpp", "#include \"../kernels/window.hpp\"") == 1);
  CHECK(count("optim/sgd.hpp", "#include \"../nn/conv2d.hpp\"") == 1);
  CHECK(count("nn/conv2d.hpp", "#include \"../effv2.hpp\"") == 1);
  CHECK(count("nn/conv2d.hpp", "#include <xsimd/xsimd.hpp>") == 1);
  CHECK(count("nn/conv2d.hpp", "#  include <Eigen/Core>") == 1);
  CHECK(count("nn/conv2d.hpp", "#include \"../kernels/conv2d.hpp\"") == 0);
  CHECK(count("optim/sgd.hpp", "#include \"../nn/visit.hpp\"") == 0);
  CHECK(count("core/simd.hpp", "#include <xsimd/xsimd.hpp>") == 0);
}
