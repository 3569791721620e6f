// How a sliding window meets a picture: sizes, padding, and which pixels each tap reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

enum class Padding {
  symmetric,  // kernel / 2 on every side: PyTorch, torchvision
  same,       // TensorFlow's SAME: output = ceil(input / stride), the odd pixel at bottom and right
  valid,      // none
};

inline constexpr std::string_view padding_names[] = {"symmetric", "same", "valid"};
constexpr std::string_view name_of(Padding padding) {
  return padding_names[static_cast<int>(padding)];
}

/// The largest window is 45 x 45, so it has no more taps than these.
inline constexpr std::int64_t max_kernel = 45, max_taps = 2048;

/// A k x k window that moves by `stride` over a height x width picture.
struct Window {
  std::int64_t in_height = 1, in_width = 1;
  std::int64_t kernel = 1, stride = 1;
  std::int64_t pad_top = 0, pad_left = 0;
  std::int64_t out_height = 1, out_width = 1;

  Window() = default;

  Window(std::int64_t height, std::int64_t width, std::int64_t kernel_size, std::int64_t step,
         Padding padding)
      : in_height(height), in_width(width), kernel(kernel_size), stride(step) {
    EFFV2_CHECK(height > 0 && width > 0, ErrorCode::invalid_argument,
                "[window] expected a picture of at least 1 x 1, got ", height, " x ", width);
    EFFV2_CHECK(kernel > 0 && stride > 0, ErrorCode::invalid_argument,
                "[window] expected kernel and stride of at least 1, got ", kernel, " and ", stride);
    const Span vertical = span(height, padding), horizontal = span(width, padding);
    pad_top = vertical.before, out_height = vertical.out;
    pad_left = horizontal.before, out_width = horizontal.out;
    EFFV2_CHECK(out_height > 0 && out_width > 0, ErrorCode::invalid_argument, "[window] a ", kernel,
                " x ", kernel, " window does not fit into ", height, " x ", width);
    check_pixels(height, width);
    check_pixels(out_height, out_width);
  }

  std::int64_t taps() const { return kernel * kernel; }
  std::int64_t in_pixels() const { return in_height * in_width; }
  std::int64_t out_pixels() const { return out_height * out_width; }

  /// The input pixel that tap (tap / k, tap % k) of an output pixel reads, or -1 in the padding.
  std::int64_t source(std::int64_t out_pixel, std::int64_t tap) const {
    const std::int64_t y = out_pixel / out_width * stride + tap / kernel - pad_top;
    const std::int64_t x = out_pixel % out_width * stride + tap % kernel - pad_left;
    const bool inside = y >= 0 && y < in_height && x >= 0 && x < in_width;
    return inside ? y * in_width + x : -1;
  }

  /// The inverse of `source`: the output pixel that reads `in_pixel` through `tap`, or -1.
  std::int64_t reader(std::int64_t in_pixel, std::int64_t tap) const {
    const std::int64_t y = in_pixel / in_width + pad_top - tap / kernel;
    const std::int64_t x = in_pixel % in_width + pad_left - tap % kernel;
    const bool inside = y >= 0 && x >= 0 && y % stride == 0 && x % stride == 0 &&
                        y / stride < out_height && x / stride < out_width;
    return inside ? y / stride * out_width + x / stride : -1;
  }

  bool operator==(const Window&) const = default;

 private:
  // Plans number pixels in 32 bits.
  static void check_pixels(std::int64_t height, std::int64_t width) {
    EFFV2_CHECK(height < (std::int64_t{1} << 31) / width, ErrorCode::unsupported, "[window] ",
                height, " x ", width, " pixels are more than the 2^31 an image may have");
  }

  struct Span {
    std::int64_t before, out;
  };

  Span span(std::int64_t in, Padding padding) const {
    if (padding == Padding::same) {
      const std::int64_t out = (in + stride - 1) / stride;
      return {std::max<std::int64_t>((out - 1) * stride + kernel - in, 0) / 2, out};
    }
    const std::int64_t before = padding == Padding::symmetric ? kernel / 2 : 0;
    const std::int64_t room = in + 2 * before - kernel;
    return {before, room < 0 ? 0 : room / stride + 1};
  }
};

/// Target pixels that see the same set of taps. Padding costs nothing this way: the border pixels
/// form groups of their own with fewer taps, and at 1 x 1 only the centre tap is left. A strided
/// data gradient falls into groups by the phase of the pixel.
struct TapGroup {
  std::vector<std::int32_t> taps;
  std::vector<std::int32_t> targets;
  std::vector<std::int32_t> sources;  // [tap of the group][target]

  const std::int32_t* sources_of(std::size_t tap) const {
    return sources.data() + tap * targets.size();
  }
};

/// The indices of im2col without its copies: for every target pixel and tap, the source pixel.
struct TapPlan {
  std::vector<TapGroup> groups;
  std::int64_t target_pixels = 0, source_pixels = 0;

  std::size_t bytes() const {
    std::size_t numbers = 0;
    for (const TapGroup& group : groups) {
      numbers += group.taps.size() + group.targets.size() + group.sources.size();
    }
    return numbers * sizeof(std::int32_t);
  }
};

namespace detail {

// Groups target pixels by the set of taps for which (window.*source_of)(target, tap) is not -1.
inline TapPlan plan_taps(const Window& window, std::int64_t targets, std::int64_t sources,
                         std::int64_t (Window::*source_of)(std::int64_t, std::int64_t) const) {
  const std::int64_t taps = window.taps();
  TapPlan plan{{}, targets, sources};
  std::map<std::vector<std::int32_t>, std::size_t> group_of;
  std::vector<std::int32_t> seen;
  for (std::int64_t target = 0; target < targets; ++target) {
    seen.clear();
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      if ((window.*source_of)(target, tap) >= 0) seen.push_back(static_cast<std::int32_t>(tap));
    }
    const auto [entry, is_new] = group_of.try_emplace(seen, plan.groups.size());
    if (is_new) plan.groups.push_back({seen, {}, {}});
    plan.groups[entry->second].targets.push_back(static_cast<std::int32_t>(target));
  }
  for (TapGroup& group : plan.groups) {
    group.sources.reserve(group.taps.size() * group.targets.size());
    for (const std::int32_t tap : group.taps) {
      for (const std::int32_t target : group.targets) {
        group.sources.push_back(static_cast<std::int32_t>((window.*source_of)(target, tap)));
      }
    }
  }
  return plan;
}

}  // namespace detail

/// Output pixel <- input pixels: forward passes and weight gradients.
inline TapPlan gather_plan(const Window& window) {
  return detail::plan_taps(window, window.out_pixels(), window.in_pixels(), &Window::source);
}

/// Input pixel <- output pixels: data gradients.
inline TapPlan scatter_plan(const Window& window) {
  return detail::plan_taps(window, window.in_pixels(), window.out_pixels(), &Window::reader);
}

/// The plan of a matrix product: every row is a picture of one pixel.
inline const TapPlan& pointwise_plan() {
  static const TapPlan plan = gather_plan(Window{});
  return plan;
}

/// Both of one window, each made when it is first asked for: many kernels do without, and a plan
/// has a number for every pixel and tap. Used by one thread at a time.
class WindowPlan {
 public:
  Window window;

  WindowPlan() = default;
  explicit WindowPlan(const Window& shape) : window(shape) {}

  const TapPlan& gather() const {
    if (!gather_) gather_ = gather_plan(window);
    return *gather_;
  }
  const TapPlan& scatter() const {
    if (!scatter_) scatter_ = scatter_plan(window);
    return *scatter_;
  }

  /// Of the plans that were made.
  std::size_t bytes() const {
    return (gather_ ? gather_->bytes() : 0) + (scatter_ ? scatter_->bytes() : 0);
  }

 private:
  mutable std::optional<TapPlan> gather_, scatter_;
};

}  // namespace effv2::inline EFFV2_ISA::kernels
