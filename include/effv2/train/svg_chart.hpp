// Small charts as SVG: lines over axes, and bars. They stand in a file of their own or in a page;
// text and axes have its colour, and its style may set those of the lines: --chart-0, --chart-1 ...
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"
#include "svg_axis.hpp"

namespace effv2::inline EFFV2_ISA::train::svg {

struct Point {
  double x = 0.0, y = 0.0;
};

/// Points from left to right. Those that an axis has no place for are left out: what is not finite,
/// or not above 0 where the axis is logarithmic.
struct Series {
  std::string name = {};  // for the legend, if there are several
  std::vector<Point> points = {};
  int color = 0;           // of the palette
  bool has_dots = false;   // which tell their values when pointed at
  bool is_stairs = false;  // a value holds until the next point
  bool is_faint = false;
};

/// A vertical line, with a word to the right of it.
struct Mark {
  double x = 0.0;
  std::string text = {};
};

/// Sizes in the units of the picture, which fills the width it is given; text is 12 high.
struct LineChart {
  std::string title = {};  // for those who cannot see it
  std::vector<Series> series = {};
  Axis x = {}, y = {};
  std::vector<Mark> marks = {};
  double width = 440.0, height = 220.0;
};

struct Bar {
  std::string name = {};
  double value = 0.0;  // at least 0
};

/// Bars lie one below the other, names to the left and values to the right of them.
struct BarChart {
  std::string title = {};
  std::vector<Bar> bars = {};
  std::function<std::string(double)> text = [](double value) { return text::rounded(value, 4); };
  int color = 0;
  double width = 440.0;
};

namespace detail {

// A length or position, to a tenth.
inline std::string at(double value) {
  char digits[32];
  const double tenths = std::round(10.0 * value) / 10.0 + 0.0;  // no -0
  return {digits, std::to_chars(digits, digits + sizeof digits, tenths).ptr};
}

// Colours that can be told apart on white and on black; a page may have better ones.
inline std::string color(int index) {
  constexpr std::array palette{"#3a78c2", "#d0602f", "#3f9a63", "#8f68c8", "#a8862a", "#808080"};
  const auto number = static_cast<std::size_t>(std::max(0, index)) % palette.size();
  return concat("var(--chart-", number, ",", palette[number], ")");
}

inline std::string picture(double width, double height, std::string_view title,
                           std::string_view content) {
  return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 ",
                at(width), " ", at(height),
                "\" role=\"img\" font-family=\"system-ui,sans-serif\" font-size=\"12\" "
                "fill=\"currentColor\"><title>",
                text::escaped(title), "</title>", content, "</svg>\n");
}

enum class Anchor { start, middle, end };

inline std::string label(double x, double y, Anchor anchor, std::string_view words) {
  constexpr std::string_view names[] = {"start", "middle", "end"};
  return concat("<text x=\"", at(x), "\" y=\"", at(y), "\" text-anchor=\"",
                names[static_cast<int>(anchor)], "\">", text::escaped(words), "</text>");
}

inline std::string line(const std::vector<Point>& points, const Series& series) {
  if (points.empty()) return {};
  std::string path = concat("M", at(points[0].x), " ", at(points[0].y));
  for (std::size_t i = 1; i < points.size(); ++i) {
    path += concat(series.is_stairs ? "H" : "L", at(points[i].x), series.is_stairs ? "V" : " ",
                   at(points[i].y));
  }
  if (points.size() == 1) path += "h0";  // a dot, by the round ends of a line
  return concat(
      "<path d=\"", path, "\" fill=\"none\" stroke-width=\"", series.is_faint ? "1" : "1.8",
      "\" stroke-linejoin=\"round\" stroke-linecap=\"round\" style=\"stroke:", color(series.color),
      series.is_faint ? ";opacity:.4" : "", "\"/>");
}

// A series: its line, and its dots above it.
inline std::string curve(const Series& series, const LineChart& chart, const Ruler& x,
                         const Ruler& y) {
  std::vector<Point> places;
  std::string dots;
  for (const Point& p : series.points) {
    if (!x.shows(p.x) || !y.shows(p.y)) continue;
    places.push_back({x(p.x), y(p.y)});
    if (!series.has_dots) continue;
    const std::string told = concat(series.name, series.name.empty() ? "" : ", ", chart.x.label,
                                    " ", chart.x.text(p.x), ": ", chart.y.text(p.y));
    dots += concat("<circle cx=\"", at(places.back().x), "\" cy=\"", at(places.back().y),
                   "\" r=\"3\" style=\"fill:", color(series.color), "\"><title>",
                   text::escaped(told), "</title></circle>");
  }
  return line(places, series) + dots;
}

// Names of the series, in their colours.
inline std::string legend(const LineChart& chart) {
  if (chart.series.size() < 2) return {};
  std::string names;
  for (const Series& series : chart.series) {
    if (series.name.empty()) continue;
    names += concat("<tspan dx=\"12\" style=\"fill:", color(series.color), "\">● </tspan><tspan>",
                    text::escaped(series.name), "</tspan>");
  }
  return concat("<text x=\"", at(chart.width - 12.0), "\" y=\"13\" text-anchor=\"end\">", names,
                "</text>");
}

// At most so many characters of UTF-8.
inline std::string shortened(const std::string& name, std::size_t most) {
  std::string result;
  for (const char c : name) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins && most-- == 0) return result + "…";
    result += c;
  }
  return result;
}

inline std::size_t characters(std::string_view name) {
  return static_cast<std::size_t>(std::count_if(name.begin(), name.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace detail

/// An SVG element. Series are drawn in order, the last on top.
inline std::string line_chart(const LineChart& chart) {
  using namespace detail;
  const double left = 48.0, right = chart.width - 12.0, top = 28.0;
  const double bottom = chart.height - (chart.x.label.empty() ? 22.0 : 36.0);
  std::vector<double> xs, ys;
  for (const Series& series : chart.series) {
    for (const Point& p : series.points) xs.push_back(p.x), ys.push_back(p.y);
  }
  const Ruler x(chart.x, xs, left, right), y(chart.y, ys, bottom, top);

  std::string lines, words = label(0.0, 13.0, Anchor::start, chart.y.label);
  words += label(right, bottom + 32.0, Anchor::end, chart.x.label);
  for (const double value : y.ticks(static_cast<int>((bottom - top) / 28.0))) {
    lines += concat("<path d=\"M", at(left), " ", at(y(value)), "H", at(right), "\"/>");
    words += label(left - 7.0, y(value) + 3.8, Anchor::end, chart.y.text(value));
  }
  for (const double value : x.ticks(5)) {
    const bool is_last = x(value) > right - 16.0;
    words +=
        label(x(value), bottom + 17.0, is_last ? Anchor::end : Anchor::middle, chart.x.text(value));
  }
  for (const Mark& mark : chart.marks) {
    if (!x.shows(mark.x) || x(mark.x) < left || x(mark.x) > right) continue;
    lines += concat("<path stroke-dasharray=\"2 3\" d=\"M", at(x(mark.x)), " ", at(top), "V",
                    at(bottom), "\"/>");
    words += label(x(mark.x) + 4.0, top + 9.0, Anchor::start, mark.text);
  }
  std::string curves;
  for (const Series& series : chart.series) curves += curve(series, chart, x, y);
  return picture(chart.width, chart.height, chart.title,
                 concat("<g stroke=\"currentColor\" stroke-opacity=\".14\">", lines,
                        "</g><g fill-opacity=\".7\">", words, legend(chart), "</g>", curves));
}

/// An SVG element.
inline std::string bar_chart(const BarChart& chart) {
  using namespace detail;
  constexpr double row = 21.0, character = 7.0;  // of a name, at most, on average
  constexpr std::size_t longest = 24;
  std::size_t length = 0;
  double most = 0.0;
  for (const Bar& bar : chart.bars) {
    length = std::max(length, std::min(longest + 1, characters(bar.name)));
    if (std::isfinite(bar.value)) most = std::max(most, bar.value);
  }
  const double left = character * static_cast<double>(length) + 10.0;
  const double room = chart.width - left - 56.0;
  std::string content;
  for (std::size_t i = 0; i < chart.bars.size(); ++i) {
    const Bar& bar = chart.bars[i];
    const double y = row * static_cast<double>(i);
    const double value = std::isfinite(bar.value) ? std::max(0.0, bar.value) : 0.0;
    const double width = most > 0.0 ? room * value / most : 0.0;
    content += concat(
        "<g>", label(left - 8.0, y + 14.5, Anchor::end, shortened(bar.name, longest)), "<rect x=\"",
        at(left), "\" y=\"", at(y + 4.0), "\" width=\"", at(std::max(1.0, width)), "\" height=\"",
        at(row - 8.0), "\" rx=\"2\" style=\"fill:", color(chart.color), "\"/>",
        label(left + width + 6.0, y + 14.5, Anchor::start, chart.text(bar.value)), "</g>");
  }
  return picture(chart.width, std::max(row, row * static_cast<double>(chart.bars.size())),
                 chart.title, content);
}

}  // namespace effv2::inline EFFV2_ISA::train::svg
