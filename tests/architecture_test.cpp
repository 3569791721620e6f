// Reads the includes of every header and fails when an arrow runs against the stream:
// docs/design.md has the picture.
#include <filesystem>
#include <fstream>
#include <functional>
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
using Names = std::set<std::string>;

// Which rooms a room may look into, besides itself.
const std::map<std::string, Names> arrows = {
    {"core", {}},
    {"kernels", {"core"}},
    {"nn", {"core", "kernels"}},
    {"models", {"core", "kernels", "nn"}},
    {"optim", {"core", "kernels"}},
    {"io", {"core", "models"}},
    {"data", {"core"}},
    {"train", {"core", "kernels", "nn", "models", "optim", "data", "io"}},
    {"search", {"core", "kernels", "nn", "models", "optim", "data", "io", "train"}},
    {"distributed", {"core"}},
};

// optim, io and distributed see nn through its doors only.
const Names doors = {"nn/parameter.hpp", "nn/visit.hpp", "nn/graph.hpp", "nn/layer.hpp",
                     "nn/context.hpp"};
const Names visitors = {"optim", "io", "distributed"};

// The umbrella, and what effv2::compiled instantiates: they belong to no room. The consumers'
// projects test them.
const Names includes_all = {"effv2.hpp", "compiled.hpp", "compiled_kernels.hpp"};

// Packages and the only header that may include them.
const std::map<std::string, std::string> packages = {{"xsimd", "core/simd.hpp"},
                                                     {"Eigen", "kernels/gemm.hpp"},
                                                     {"unsupported/Eigen", "kernels/gemm.hpp"},
                                                     {"zlib.h", "data/gzip.hpp"},
                                                     {"mpi.h", "distributed/mpi.hpp"}};
// Those the umbrella may reach, directly or not.
const Names umbrella_packages = {"xsimd"};

struct Include {
  std::string written;  // as in the source
  std::string header;   // relative to include/effv2, or empty if it is none of ours
};

// What a program that only trains has no use for is included by name: the search, and the page that
// reports on a run. They would make the umbrella's compilation a quarter longer.
bool is_included_by_name(const std::string& header) {
  const auto is_below = [&](const char* prefix) { return header.starts_with(prefix); };
  return is_below("search/") || is_below("train/report") || is_below("train/run_record") ||
         is_below("train/html") || is_below("train/svg_") || is_below("io/png");
}

// The includes in the text of `header`, which is relative to include/effv2.
std::vector<Include> includes_of(const std::string& header, std::istream& text) {
  static const std::regex directive("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  std::vector<Include> found;
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, directive)) continue;
    const std::string name = match[2];
    std::string ours;
    if (name.starts_with("effv2/")) {
      ours = name.substr(6);
    } else if (match[1] == "\"") {
      ours = (fs::path(header).parent_path() / name).lexically_normal().generic_string();
    }
    found.push_back({name, ours});
  }
  return found;
}

std::optional<std::string> package_of(const Include& include) {
  for (const auto& [package, home] : packages) {
    if (include.written.starts_with(package)) return package;
  }
  return {};
}

std::string room_of(const std::string& header) { return fs::path(header).begin()->string(); }

// What is wrong with an include of `header`, if anything.
std::optional<std::string> complaint(const std::string& header, const Include& include) {
  if (const auto package = package_of(include)) {
    const std::string& home = packages.at(*package);
    if (header != home) return *package + " outside of " + home;
    return {};
  }
  if (include.header.empty()) return {};
  if (include.header.starts_with("..")) return "outside of the library";
  if (include.header == "effv2.hpp") return "the umbrella is for users";
  if (includes_all.contains(header) || include.header == "version.hpp") return {};
  const std::string from = room_of(header), to = room_of(include.header);
  if (from == to) return {};
  const auto allowed = arrows.find(from);
  if (allowed == arrows.end()) return "no such room: " + from;
  if (allowed->second.contains(to)) return {};
  if (visitors.contains(from) && doors.contains(include.header)) return {};
  return from + " may not look into " + to;
}

std::vector<std::string> complaints(const std::string& header, std::istream& text) {
  std::vector<std::string> found;
  for (const Include& include : includes_of(header, text)) {
    if (const auto wrong = complaint(header, include)) {
      found.push_back(header + " includes " + include.written + ": " + *wrong);
    }
  }
  return found;
}

// Headers by name with their includes.
using Library = std::map<std::string, std::vector<Include>>;

// The packages that `start` reaches through headers of the library.
Names reached_packages(const Library& library, const std::string& start) {
  Names seen, reached;
  const std::function<void(const std::string&)> walk = [&](const std::string& header) {
    const auto found = library.find(header);
    if (found == library.end() || !seen.insert(header).second) return;
    for (const Include& include : found->second) {
      if (const auto package = package_of(include)) reached.insert(*package);
      walk(include.header);
    }
  };
  walk(start);
  return reached;
}

// Whether a chain of includes leads from a header back to itself.
bool circular(const Library& library) {
  Names open, done;
  const std::function<bool(const std::string&)> walk = [&](const std::string& header) {
    const auto found = library.find(header);
    if (found == library.end() || done.contains(header)) return false;
    if (!open.insert(header).second) return true;
    for (const Include& include : found->second) {
      if (walk(include.header)) return true;
    }
    open.erase(header);
    done.insert(header);
    return false;
  };
  for (const auto& [header, includes] : library) {
    if (walk(header)) return true;
  }
  return false;
}

Library read_library() {
  const fs::path root = fs::path(EFFV2_SOURCE_DIR) / "include/effv2";
  Library library;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp") continue;
    const std::string name = fs::relative(entry.path(), root).generic_string();
    std::ifstream file(entry.path());
    library[name] = includes_of(name, file);
  }
  return library;
}

}  // namespace

TEST_CASE("all arrows run one way", "[architecture]") {
  const Library library = read_library();
  CHECK(library.size() > 40);
  for (const auto& [header, includes] : library) {
    for (const Include& include : includes) {
      const auto wrong = complaint(header, include);
      if (wrong) FAIL_CHECK(header << " includes " << include.written << ": " << *wrong);
      if (!include.header.empty() && !package_of(include)) {
        INFO(header << " includes " << include.written);
        CHECK(library.contains(include.header));
      }
    }
  }
  CHECK_FALSE(circular(library));
}

TEST_CASE("the umbrella holds every header but those that need a further package or a reason",
          "[architecture]") {
  const Library library = read_library();
  Names inside;
  for (const Include& include : library.at("effv2.hpp")) inside.insert(include.header);
  for (const auto& [header, includes] : library) {
    if (header == "effv2.hpp" || header == "compiled_kernels.hpp") continue;
    bool needs_more = is_included_by_name(header);
    for (const std::string& package : reached_packages(library, header)) {
      needs_more |= !umbrella_packages.contains(package);
    }
    CAPTURE(header, needs_more);
    CHECK(inside.contains(header) != needs_more);
  }
  CHECK(reached_packages(library, "effv2.hpp") == umbrella_packages);
}

TEST_CASE("every header has a test of its name", "[architecture]") {
  const fs::path tests = fs::path(EFFV2_SOURCE_DIR) / "tests";
  for (const auto& [header, includes] : read_library()) {
    if (includes_all.contains(header) || header == "version.hpp") continue;
    const std::string stem = header.substr(0, header.size() - std::string(".hpp").size());
    CAPTURE(header);
    CHECK((fs::exists(tests / (stem + "_test.cpp")) ||
           fs::exists(tests / (stem + "_gradient_test.cpp"))));
  }
}

TEST_CASE("the check sees what it should", "[architecture]") {
  const auto count = [](const std::string& header, const std::string& line) {
    std::istringstream text("#pragma once\n" + line + "\n");
    return complaints(header, text).size();
  };
  // Against the stream.
  CHECK(count("core/tensor.hpp", "#include \"../kernels/conv2d.hpp\"") == 1);
  CHECK(count("core/tensor.hpp", "#include <effv2/kernels/conv2d.hpp>") == 1);
  CHECK(count("kernels/conv2d.hpp", "#include \"../nn/layer.hpp\"") == 1);
  CHECK(count("nn/mbconv.hpp", "#include \"../models/block_spec.hpp\"") == 1);
  CHECK(count("models/block_spec.hpp", "#include \"../train/trainer.hpp\"") == 1);
  CHECK(count("train/trainer.hpp", "#include \"../search/space.hpp\"") == 1);
  CHECK(count("data/loader.hpp", "#include \"../kernels/window.hpp\"") == 1);
  CHECK(count("data/loader.hpp", "#include \"../nn/context.hpp\"") == 1);
  CHECK(count("optim/sgd.hpp", "#include \"../nn/conv2d.hpp\"") == 1);
  CHECK(count("optim/sgd.hpp", "#include \"../models/block_spec.hpp\"") == 1);
  CHECK(count("nn/conv2d.hpp", "#include \"../effv2.hpp\"") == 1);
  CHECK(count("nn/conv2d.hpp", "#include \"../../other/thing.hpp\"") == 1);
  CHECK(count("attic/thing.hpp", "#include \"../core/tensor.hpp\"") == 1);
  // Packages away from home.
  CHECK(count("nn/conv2d.hpp", "#include <xsimd/xsimd.hpp>") == 1);
  CHECK(count("nn/conv2d.hpp", "#include \"xsimd/xsimd.hpp\"") == 1);
  CHECK(count("nn/conv2d.hpp", "#  include <Eigen/Core>") == 1);
  CHECK(count("data/idx.hpp", "#include <zlib.h>  // why not") == 1);
  CHECK(count("effv2.hpp", "#include <mpi.h>") == 1);
  // With the stream.
  CHECK(count("nn/conv2d.hpp", "#include \"../kernels/conv2d.hpp\"") == 0);
  CHECK(count("optim/sgd.hpp", "#include \"../nn/visit.hpp\"") == 0);
  CHECK(count("optim/sgd.hpp", "#include \"../kernels/linear.hpp\"") == 0);
  CHECK(count("train/trainer.hpp", "#include \"../data/loader.hpp\"") == 0);
  CHECK(count("core/simd.hpp", "#include <xsimd/xsimd.hpp>") == 0);
  CHECK(count("core/tensor.hpp", "#include <vector>") == 0);
  CHECK(count("nn/conv2d.hpp", "// #include \"../effv2.hpp\"") == 0);
}

TEST_CASE("the check follows chains of includes", "[architecture]") {
  Library library;
  library["effv2.hpp"] = {{"data/idx.hpp", "data/idx.hpp"}};
  library["data/idx.hpp"] = {{"gzip.hpp", "data/gzip.hpp"}};
  library["data/gzip.hpp"] = {{"zlib.h", ""}, {"string", ""}};
  CHECK(reached_packages(library, "effv2.hpp") == Names{"zlib.h"});
  CHECK_FALSE(circular(library));
  library["data/gzip.hpp"].push_back({"idx.hpp", "data/idx.hpp"});
  CHECK(circular(library));
  CHECK(reached_packages(library, "effv2.hpp") == Names{"zlib.h"});
}
