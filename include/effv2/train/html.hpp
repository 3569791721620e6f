// Pages of HTML that hold everything themselves: the frame, the looks, and what they are made of.
// No script, no network; light and dark, wide and narrow. As strict as XML.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"

namespace effv2::inline EFFV2_ISA::train::html {

namespace detail {

inline constexpr std::string_view style = R"css(
:root {
  color-scheme: light dark;
  --page: #fbfaf7; --ink: #22211f; --soft: #6d6a64; --line: #e5e1d8; --tint: #f2efe8;
  --good: 47 109 181; --bad: 201 84 36;
  --chart-0: #2f6db5; --chart-1: #c95424; --chart-2: #3b8f5c; --chart-3: #7f5bb5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151618; --ink: #e9e7e2; --soft: #a09d96; --line: #2e3033; --tint: #1e2023;
    --good: 122 174 234; --bad: 240 138 86;
    --chart-0: #7aaeea; --chart-1: #f08a56; --chart-2: #6cc48f; --chart-3: #b497e6;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  -webkit-text-size-adjust: 100%; font-variant-numeric: tabular-nums;
}
main { max-width: 1160px; margin: 0 auto; padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2.5rem); }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); line-height: 1.15; letter-spacing: -.022em; font-weight: 650; margin: 0; }
h2 { font-size: 1.1rem; line-height: 1.3; letter-spacing: -.01em; font-weight: 650; margin: 0; }
h3 { font-size: .88rem; font-weight: 600; margin: 0; }
p { margin: 0 0 .6rem; }
.over, footer { color: var(--soft); font-size: .85rem; }
.lead { color: var(--soft); font-size: 1.05rem; margin: .7rem 0 0; max-width: 42rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 8.5rem), 1fr)); gap: 1.4rem 1.5rem; margin: 2.2rem 0 2.6rem; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--soft); font-size: .82rem; }
.figures dd { margin: 0; font-size: 1.35rem; line-height: 1.3; font-weight: 560; letter-spacing: -.015em; }
.figures .main { grid-column: 1 / -1; }
.figures .main dd { font-size: clamp(3.4rem, 12vw, 5.6rem); line-height: 1; font-weight: 600; letter-spacing: -.045em; margin-bottom: .35rem; }
.figures .main dt { font-size: .95rem; }
section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.3rem 2.5rem; border-top: 1px solid var(--line); padding: 2.1rem 0 2.6rem; }
section > header p { color: var(--soft); font-size: .85rem; margin: .55rem 0 0; max-width: 36rem; }
section > div > * + * { margin-top: 1.9rem; }
section > div h3 + * { margin-top: .8rem; }
@media (min-width: 960px) { section { grid-template-columns: 12.5rem minmax(0, 1fr); } }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 2rem 2.2rem; align-items: start; }
.chart { display: block; width: 100%; height: auto; overflow: visible; }
@media (max-width: 640px) { .chart { font-size: 14px; } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .84rem; line-height: 1.35; width: 100%; }
th { font-weight: 500; color: var(--soft); text-align: left; vertical-align: bottom; }
th, td { padding: .42rem .9rem .42rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
.number, td:first-child { white-space: nowrap; }
.number { text-align: right; }
@media (max-width: 640px) { .scroll table { min-width: 38rem; } }
.share, .share:last-child { padding-right: 4.2rem; }
td.share { background: linear-gradient(to right, rgb(var(--good) / .55) var(--share), var(--tint) 0) right .3rem center / 3.2rem .5rem no-repeat; }
.facts { margin: 0; font-size: .84rem; columns: 21rem auto; column-gap: 2.2rem; }
.facts div { display: flex; gap: 1rem; justify-content: space-between; border-bottom: 1px solid var(--line); padding: .38rem 0; break-inside: avoid; }
.facts dt { color: var(--soft); flex: none; }
.facts dd { margin: 0; text-align: right; min-width: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; font-size: .88rem; color: var(--soft); }
details[open] summary { margin-bottom: .8rem; }
footer { border-top: 1px solid var(--line); padding-top: 1.2rem; }
@media print { section { break-inside: avoid; } details { display: none; } }
)css";

}  // namespace detail

/// A document. `style`: rules beside those that all pages have.
inline std::string page(std::string_view title, std::string_view style, std::string_view content) {
  return concat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\" />",
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />",
                "<title>", text::escaped(title), "</title><style>", detail::style, style,
                "</style></head>\n<body><main>\n", content, "</main></body></html>\n");
}

/// <name class="kind">content</name>; the content is markup.
inline std::string element(std::string_view name, std::string_view kind, std::string_view content) {
  return concat("<", name, kind.empty() ? "" : " class=\"", kind, kind.empty() ? ">" : "\">",
                content, "</", name, ">");
}

/// A part of the page, with a note below its heading. Note and content are markup.
inline std::string section(std::string_view heading, std::string_view note,
                           std::string_view content) {
  return concat("<section><header><h2>", text::escaped(heading), "</h2>",
                note.empty() ? "" : element("p", "", note), "</header><div>\n", content,
                "</div></section>\n");
}

/// Names and values, one beside the other; any text.
using Facts = std::vector<std::pair<std::string, std::string>>;
inline std::string facts(const Facts& list) {
  std::string rows;
  for (const auto& [name, value] : list) {
    rows += element(
        "div", "",
        concat(element("dt", "", text::escaped(name)), element("dd", "", text::escaped(value))));
  }
  return element("dl", "facts", rows) + "\n";
}

/// Any text; a number stands to the right. `share` of a column's whole: a bar behind it.
struct Cell {
  std::string text = {};
  bool is_number = true;
  double share = -1.0;
};

/// In a box of its own, which scrolls where the page is too narrow. The first row is the heading.
inline std::string table(const std::vector<std::vector<Cell>>& rows) {
  std::string content;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string cells;
    for (const Cell& cell : rows[i]) {
      const char* name = i == 0 ? "th" : "td";
      std::string kind = cell.is_number ? " class=\"number\"" : "";
      if (cell.share >= 0.0) {
        kind = concat(" class=\"number share\" style=\"--share:",
                      text::fixed(100.0 * std::min(1.0, cell.share), 1), "%\"");
      }
      cells += concat("<", name, kind, ">", text::escaped(cell.text), "</", name, ">");
    }
    content += element("tr", "", cells) + "\n";
  }
  return element("div", "scroll", element("table", "", content)) + "\n";
}

/// Something that is folded away.
inline std::string folded(std::string_view heading, std::string_view content) {
  return concat("<details><summary>", text::escaped(heading), "</summary>", content,
                "</details>\n");
}

}  // namespace effv2::inline EFFV2_ISA::train::html
