// Reads HTML and SVG as strictly as XML wants it, and says what is in it.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace effv2::testing {

struct Markup {
  std::string error;                    // empty if all is well
  std::map<std::string, int> elements;  // how many of each name
  std::string text;                     // between the elements, references resolved
};

class MarkupReader {
 public:
  explicit MarkupReader(std::string_view source) : rest_(source) {}

  Markup read() {
    skip("<!doctype html>");
    while (!rest_.empty() && result_.error.empty()) {
      if (rest_[0] == '<') {
        read_tag();
      } else {
        result_.text += resolved(rest_.substr(0, rest_.find('<')));
        rest_.remove_prefix(std::min(rest_.size(), rest_.find('<')));
      }
    }
    if (result_.error.empty() && !open_.empty()) fail("never closed: " + open_.back());
    return result_;
  }

 private:
  void fail(const std::string& what) {
    if (result_.error.empty()) {
      result_.error = what + " before: " + std::string(rest_.substr(0, 60));
    }
  }

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  std::string read_name() {
    std::string name;
    while (!rest_.empty() &&
           (std::isalnum(static_cast<unsigned char>(rest_[0])) != 0 || rest_[0] == '-')) {
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    if (name.empty()) fail("no name");
    return name;
  }

  void read_tag() {
    skip("<");
    if (skip("/")) {
      const std::string name = read_name();
      if (open_.empty() || open_.back() != name) return fail("closed out of turn: " + name);
      open_.pop_back();
      if (!skip(">")) fail("no end of " + name);
      return;
    }
    const std::string name = read_name();
    ++result_.elements[name];
    std::set<std::string> attributes;
    while (skip(" ")) {
      if (rest_.starts_with("/")) break;
      if (!attributes.insert(read_name()).second) return fail("an attribute twice");
      if (!skip("=\"")) return fail("an attribute without value");
      const auto end = rest_.find('"');
      if (end == rest_.npos) return fail("an attribute without end");
      const std::string_view value = rest_.substr(0, end);
      if (value.find('<') != value.npos) return fail("< in an attribute");
      resolved(value);
      rest_.remove_prefix(end + 1);
    }
    if (skip("/>")) return;
    if (!skip(">")) return fail("no end of " + name);
    open_.push_back(name);
  }

  // Text with its references read.
  std::string resolved(std::string_view text) {
    static const std::map<std::string_view, char> references = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    std::string result;
    while (!text.empty()) {
      if (text[0] == '&') {
        const auto reference = references.find(text.substr(0, text.find(';') + 1));
        if (reference == references.end()) {
          fail("an unknown reference");
          return result;
        }
        result += reference->second;
        text.remove_prefix(reference->first.size());
      } else {
        if (static_cast<unsigned char>(text[0]) < 0x20 && text[0] != '\n')
          fail("a control character");
        result += text[0];
        text.remove_prefix(1);
      }
    }
    return result;
  }

  std::string_view rest_;
  std::vector<std::string> open_;
  Markup result_;
};

inline Markup read_markup(std::string_view source) { return MarkupReader(source).read(); }

/// How often `part` is in `whole`.
inline int count(std::string_view whole, std::string_view part) {
  int found = 0;
  for (auto at = whole.find(part); at != whole.npos; at = whole.find(part, at + part.size()))
    ++found;
  return found;
}

}  // namespace effv2::testing
