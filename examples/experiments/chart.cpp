#include "chart.hpp"

#include <cmath>
#include <effv2/core/error.hpp>
#include <effv2/core/text.hpp>

namespace experiments {

using effv2::concat;
namespace svg = effv2::train::svg;

namespace {

constexpr double width = 760.0, names = 250.0, row_height = 20.0, gap = 34.0;
constexpr double title_height = 30.0, axis_height = 46.0;

double height_of(const DotChart& chart) {
  return title_height + row_height * static_cast<double>(chart.rows.size()) + axis_height;
}

std::string number(double value) { return effv2::text::rounded(value, 6); }

std::string words(double x, double y, const char* anchor, const std::string& text) {
  return concat("<text x=\"", number(x), "\" y=\"", number(y), "\" text-anchor=\"", anchor, "\">",
                effv2::text::escaped(text), "</text>\n");
}

std::string line(double x0, double y0, double x1, double y1, const char* style) {
  return concat("<path d=\"M", number(x0), " ", number(y0), "L", number(x1), " ", number(y1), "\" ",
                style, "/>\n");
}

std::string dot(double x, double y, double radius, const char* style) {
  return concat("<circle cx=\"", number(x), "\" cy=\"", number(y), "\" r=\"", number(radius), "\" ",
                style, "/>\n");
}

// All that a panel has to show, with a little room on both sides.
Numbers range_of(const DotChart& chart, std::size_t panel) {
  Numbers values;
  const auto add = [&values](double value) {
    if (std::isfinite(value)) values.push_back(value);
  };
  for (const DotRow& row : chart.rows) {
    const Dots& dots = row.panels[panel];
    for (const double run : dots.runs) add(run);
    add(dots.centre - dots.deviation), add(dots.centre + dots.deviation);
  }
  if (values.empty()) return values;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double room = 0.04 * (*most - *least);
  return {*least - room, *most + room};
}

std::string panel(const DotChart& chart, std::size_t index, double left, double right, double top) {
  const double bottom = top + row_height * static_cast<double>(chart.rows.size());
  const svg::Axis& axis = chart.axes[index];
  const svg::Ruler ruler(axis, range_of(chart, index), left, right);
  std::string text;
  for (const double tick : ruler.ticks(5)) {
    text += line(ruler(tick), top, ruler(tick), bottom, "stroke=\"#808080\" stroke-opacity=\".3\"");
    text += words(ruler(tick), bottom + 16.0, "middle", axis.text(tick));
  }
  text += words((left + right) / 2.0, bottom + 34.0, "middle", axis.label);
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    const Dots& dots = chart.rows[i].panels[index];
    const double y = top + row_height * (static_cast<double>(i) + 0.5);
    if (!std::isfinite(dots.centre)) continue;
    text += line(ruler(dots.centre - dots.deviation), y, ruler(dots.centre + dots.deviation), y,
                 "stroke=\"#3a7bd5\" stroke-width=\"2\"");
    for (const double run : dots.runs) {
      if (std::isfinite(run)) text += dot(ruler(run), y, 2.5, "fill=\"#808080\"");
    }
    text += dot(ruler(dots.centre), y, 4.5, "fill=\"#3a7bd5\"");
  }
  return text;
}

std::string picture(const DotChart& chart, double top) {
  std::string text = concat("<g font-weight=\"bold\">",
                            words(names - 12.0, top + 16.0, "end", chart.title), "</g>\n");
  top += title_height;
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    text += words(names - 12.0, top + row_height * (static_cast<double>(i) + 0.5) + 4.0, "end",
                  chart.rows[i].name);
  }
  const auto panels = static_cast<double>(chart.axes.size());
  const double room = (width - names - 16.0 - gap * (panels - 1.0)) / panels;
  for (std::size_t i = 0; i < chart.axes.size(); ++i) {
    const double left = names + (room + gap) * static_cast<double>(i);
    text += panel(chart, i, left, left + room, top);
  }
  return text;
}

}  // namespace

std::string svg_of(const std::vector<DotChart>& charts) {
  std::string content;
  double top = 0.0;
  for (const DotChart& chart : charts) {
    content += picture(chart, top);
    top += height_of(chart);
  }
  return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", number(width), " ",
                number(top), "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#808080\">\n",
                content, "</svg>\n");
}

}  // namespace experiments
