#!/usr/bin/env python3
"""Breaks one line at a time and expects the fitting test to go red.

    tests/mutations/run.py [--only TEXT] [--report FILE]

Works on a copy of the headers, so nothing of the checkout changes. Prints a line per mutation and the
survivors at the end; exits with 1 if more than five per cent survive. About ten seconds each on a core.
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# (header, original text, broken text, test); the original must occur exactly once.
MUTATIONS = [
    # core
    ("core/random.hpp", "round < 10", "round < 9", "core/random"),
    ("core/random.hpp", "key[0] + weyl0, key[1] + weyl1", "key[0] + weyl0, key[1] + weyl0", "core/random"),
    ("core/random.hpp", "std::sqrt(-2.0 * std::log(u))", "std::sqrt(-1.0 * std::log(u))", "core/random"),
    ("core/parallel.hpp", "if (index < failed_task)", "if (index > failed_task || failed_task == tasks)", "core/parallel"),
    ("core/parallel.hpp", "const std::int64_t begin = chunk * grain;", "const std::int64_t begin = chunk * (grain - 1);", "core/parallel"),
    ("core/parallel.hpp", "tasks * (t + 1) / team};", "tasks * (t + 1) / team - 1};", "core/parallel"),
    ("core/slabs.hpp", "hole->bytes += after->bytes, hole->next", "hole->next", "core/slabs"),
    ("core/slabs.hpp", "before->end() == block", "false", "core/slabs"),
    ("core/slabs.hpp", "if (hole->bytes < bytes) continue;", "if (hole->bytes != bytes && hole->next != nullptr) continue;", "core/slabs"),
    ("core/memory.hpp", "(bytes + granule - 1) / granule * granule", "(bytes + granule - 1) / granule * granule * 2", "core/memory"),
    ("core/text.hpp", "error != std::errc{} || end != last", "error != std::errc{}", "core/text"),
    ("core/simd.hpp", "V(1.0F / 24.0F)", "V(1.0F / 24.1F)", "core/simd"),
    ("core/simd.hpp", "V(sign / 6.0F)", "V(1.0F / 6.0F)", "core/simd"),
    ("core/simd.hpp", "simd::max<T>(Vector<T>(-detail::sigmoid_bound), x)", "x", "core/simd"),
    ("core/simd.hpp", "simd::max<T>(Vector<T>(T{-detail::sigmoid_bound}), x)", "simd::max<T>(Vector<T>(T{-6}), x)", "core/simd"),
    ("core/simd.hpp", "if (count >= width<T>) return simd::load(source);", "if (count > 0) return simd::load(source);", "core/simd"),
    ("core/simd.hpp", "  if (count >= width<T>) {\n    simd::store", "  if (count > 0) {\n    simd::store", "core/simd"),
    ("core/simd.hpp", "if (index < count) body(index", "if (index + 1 < count) body(index", "core/simd"),
    # kernels: windows and products
    ("kernels/window.hpp", "std::max<std::int64_t>((out - 1) * stride + kernel - in, 0) / 2", "(std::max<std::int64_t>((out - 1) * stride + kernel - in, 0) + 1) / 2", "kernels/window"),
    ("kernels/window.hpp", "tap % kernel - pad_left;\n    const bool inside = y >= 0 && y < in_height", "tap % kernel + pad_left;\n    const bool inside = y >= 0 && y < in_height", "kernels/window"),
    ("kernels/window.hpp", "y % stride == 0 && x % stride == 0", "y % stride == 0", "kernels/window"),
    ("kernels/indirect_gemm.hpp", "sum[r][v] + bias, left);", "sum[r][v] - bias, left);", "kernels/linear"),
    ("kernels/indirect_gemm.hpp", "sum[r][v] + bias, left);", "sum[r][v], left);", "kernels/linear"),
    ("kernels/indirect_outer.hpp", "begun ? Write::add : first_write", "first_write", "kernels/indirect_outer"),
    ("kernels/indirect_outer.hpp", "std::fill_n(target + (t * depth + k) * columns, valid, T{});", "", "kernels/indirect_outer"),
    ("kernels/partial_sums.hpp", "if (!sum.adds) std::fill", "if (sum.adds) std::fill", "kernels/partial_sums"),
    ("kernels/partial_sums.hpp", "total[i] += static_cast<Sum>(partial[i])", "total[i] = static_cast<Sum>(partial[i])", "kernels/partial_sums"),
    ("kernels/indirect_outer.hpp", "simd::load_up_to(target, left) + sum[r][v]", "sum[r][v]", "kernels/indirect_outer"),
    ("kernels/indirect_outer.hpp", "const std::int64_t k = first_k + first;", "const std::int64_t k = first;", "kernels/indirect_outer"),
    ("kernels/indirect_gemm.hpp", "tile.panel + tile.taps[t] * tile.depth * lanes", "tile.panel + t * tile.depth * lanes", "kernels/conv2d"),
    ("kernels/row_blocks.hpp", "i += run, target = 0, image += pixels * channels;", "i += run, target = 0;", "kernels/row_blocks"),
    ("kernels/row_blocks.hpp", "rows * (tiles * b / blocks_in(rows)) / tiles", "rows * (tiles * b / (blocks_in(rows) + 1)) / tiles", "kernels/row_blocks"),
    ("kernels/row_blocks.hpp", "body(first, 8), body(first + 8, rows - 8);", "body(first, 8);", "kernels/indirect_gemm"),
    ("kernels/packed_matrix.hpp", "lanes, source + lane * depth + k,", "lanes, source + lane * depth + k0,", "kernels/packed_matrix"),
    ("kernels/packed_matrix.hpp", "for (; lane < valid; ++lane) {", "for (; lane + 1 < valid; ++lane) {", "kernels/packed_matrix"),
    ("kernels/columns.hpp", "strip.rows * strip.count < window.taps()", "strip.rows < window.kernel", "kernels/columns"),
    ("kernels/columns.hpp", "i + Block < count", "i + Block + 1 < count", "kernels/columns"),
    ("kernels/columns.hpp", "(w.in_width - w.kernel - left) / w.stride + 1", "(w.in_width - w.kernel - left) / w.stride + 2", "kernels/columns"),
    ("kernels/columns.hpp", "row * window.in_width + r * window.stride", "row * window.in_width + r", "kernels/columns"),
    ("kernels/columns.hpp", "std::copy_n(summand.data() + n * pixels, pixels, image);", "std::copy_n(summand.data(), pixels, image);", "kernels/columns"),
    ("kernels/bias.hpp", "for (; row < rows; ++row)", "for (; row + 1 < rows; ++row)", "kernels/bias"),
    ("kernels/epilogue.hpp", "square = simd::fma<T>(d, d, square);", "square = simd::fma<T>(d, d, sum);", "kernels/epilogue"),
    ("kernels/epilogue.hpp", "rows[block] = static_cast<T>(row + count)", "rows[block] = static_cast<T>(count)", "kernels/epilogue"),
    ("kernels/epilogue.hpp", "f.template value<T>(lanes.load(x))", "lanes.load(x)", "kernels/epilogue"),
    ("kernels/epilogue.hpp", "      if (row == 0) {", "      if (true) {", "kernels/epilogue"),
    ("kernels/indirect_gemm.hpp", "out.data(), outputs + first, count,", "out.data(), outputs, count,", "kernels/epilogue"),
    ("kernels/batch_norm.hpp", "2.0 * static_cast<double>(sum[c]) + n * d", "static_cast<double>(sum[c]) + n * d", "kernels/epilogue"),
    ("kernels/conv2d.hpp", "plan.scatter(), dy.extent(0)", "plan.gather(), dy.extent(0)", "kernels/conv2d"),
    ("kernels/bias.hpp", "sums[i % channels] += side_by_side[i]", "sums[i % channels] = side_by_side[i]", "kernels/bias"),
    ("kernels/im2col.hpp", "target[source * channels + c] += column[c]", "target[source * channels + c] = column[c]", "kernels/im2col"),
    ("kernels/gemm.hpp", "detail::as_matrix<T>(c).noalias() +=", "detail::as_matrix<T>(c).noalias() =", "kernels/gemm"),
    # kernels: Winograd
    ("kernels/winograd_outer.hpp", "t[3][j] = -d1", "t[3][j] = d1", "kernels/winograd_outer"),
    ("kernels/winograd_outer.hpp", "i == 0 ? detail::Write::replace", "index == 0 ? detail::Write::replace", "kernels/winograd_outer"),
    ("kernels/winograd_outer.hpp", "for (std::int64_t s = 1; s < slices; ++s)", "for (std::int64_t s = 1; s < 2; ++s)", "kernels/winograd_outer"),
    ("kernels/winograd_outer.hpp", "panels * (part + 1) / parts", "panels / parts * (part + 1)", "kernels/winograd_outer"),
    ("kernels/winograd_outer.hpp", "dw.adds ? lanes.load(target) + tap[j] : tap[j]", "tap[j]", "kernels/winograd_outer"),
    ("kernels/winograd.hpp", "t[2][j] = d2 - d1, t[3][j]", "t[2][j] = d1 - d2, t[3][j]", "kernels/winograd"),
    ("kernels/winograd.hpp", "s[i][1] - s[i][2] - s[i][3] + b", "s[i][1] - s[i][2] + s[i][3] + b", "kernels/winograd"),
    ("kernels/winograd.hpp", "turned ? 8 - tap : tap", "turned ? tap : tap", "kernels/winograd"),
    ("kernels/winograd.hpp", "2 - w.pad_top, 2 - w.pad_left", "w.pad_top, w.pad_left", "kernels/winograd"),
    ("kernels/winograd.hpp", "column < grid.out_width;", "column <= grid.out_width;", "kernels/winograd"),
    ("kernels/winograd.hpp", "std::min(Block::tiles, tiles - first)", "std::min(Block::tiles, tiles - first - 1)", "kernels/winograd"),
    ("kernels/winograd.hpp", "lanes.load(bias + c)", "lanes.load(bias)", "kernels/winograd"),
    # kernels: depthwise
    ("kernels/depthwise_conv2d.hpp", "depthwise_gather<T>(dx, dy, w, {}, plan.scatter()", "depthwise_gather<T>(dx, dy, w, {}, plan.gather()", "kernels/depthwise_conv2d"),
    ("kernels/depthwise_conv2d.hpp", "w + group.taps[t] * channels", "w + static_cast<std::int64_t>(t) * channels", "kernels/depthwise_conv2d"),
    ("kernels/depthwise_conv2d.hpp", "target + group.taps[t] * channels", "target + static_cast<std::int64_t>(t) * channels", "kernels/depthwise_conv2d"),
    # kernels: batch norm
    ("kernels/batch_norm.hpp", "sums[channels + c] / count - shifted * shifted", "sums[channels + c] / count", "kernels/batch_norm"),
    ("kernels/batch_norm.hpp", "static_cast<double>(x[c]) + shifted", "static_cast<double>(x[c]) - shifted", "kernels/batch_norm"),
    ("kernels/batch_norm.hpp", "static_cast<double>(rows - 1);", "static_cast<double>(rows);", "kernels/batch_norm"),
    ("kernels/batch_norm.hpp", "static_cast<double>(beta[c]) - static_cast<double>(mean[c]) * s", "static_cast<double>(beta[c]) + static_cast<double>(mean[c]) * s", "kernels/batch_norm"),
    ("kernels/batch_norm.hpp", "slope[c] = static_cast<T>(s * product * inverse)", "slope[c] = static_cast<T>(-s * product * inverse)", "nn/batch_norm_gradient"),
    ("kernels/batch_norm.hpp", "offset[c] = static_cast<T>(s * (sum -", "offset[c] = static_cast<T>(s * (-", "nn/batch_norm_gradient"),
    ("kernels/batch_norm.hpp", "if (statistics == Statistics::fixed) slope[c] = offset[c] = T{};", "", "nn/batch_norm_gradient"),
    ("kernels/batch_norm.hpp", "dgamma[c] += static_cast<T>(product)", "dgamma[c] += static_cast<T>(sum)", "nn/batch_norm_gradient"),
    ("kernels/batch_norm.hpp", "dbeta[c] += static_cast<T>(sum)", "dbeta[c] = static_cast<T>(sum)", "kernels/batch_norm"),
    ("kernels/batch_norm.hpp", "weights[row * channels + c] * scale[c]", "weights[row * channels + c] + scale[c]", "kernels/batch_norm"),
    # kernels: activations
    ("kernels/activation.hpp", "bounded * s, V(T{1}) - s, s", "bounded * s, V(T{1}) + s, s", "kernels/activation"),
    ("kernels/activation.hpp", "return s * (V(T{1}) - s);", "return s * s;", "kernels/activation"),
    ("kernels/activation.hpp", "x > V(T{}), V(T{1}), V(T{})", "x > V(T{}), V(T{1}), V(T{1})", "kernels/activation"),
    ("kernels/activation.hpp", "V(T{1} / T{3}), V(T{0.5})", "V(T{1} / T{3}), V(T{0.4})", "kernels/activation"),
    # kernels: pooling, elementwise, loss
    ("kernels/pooling.hpp", "lanes.load(dy.data() + n * channels + c) * inverse", "lanes.load(dy.data() + n * channels + c)", "nn/pooling_gradient"),
    ("kernels/pooling.hpp", "lanes.load(at) + share", "share", "nn/pooling_gradient"),
    ("kernels/pooling.hpp", "value <= best || !(best == best)", "value <= best", "kernels/pooling"),
    ("kernels/pooling.hpp", "value <= best || !(best == best)", "value < best || !(best == best)", "kernels/pooling"),
    ("kernels/pooling.hpp", "lanes.load(at) + select(from", "select(from", "kernels/pooling"),
    ("kernels/pooling.hpp", "(bottom - top) * (right - left)", "(bottom - top) * (bottom - top)", "kernels/pooling"),
    ("kernels/pooling.hpp", "std::min(left + window.kernel, window.in_width)", "left + window.kernel", "kernels/pooling"),
    ("kernels/squeeze_excite.hpp", "sum += part;", "sum = part;", "kernels/squeeze_excite"),
    ("kernels/squeeze_excite.hpp", "std::max<std::int64_t>(256,", "std::max<std::int64_t>(1 << 30,", "kernels/squeeze_excite"),
    ("kernels/squeeze_excite.hpp", "lanes.load(mean + c) * inverse", "lanes.load(mean + c)", "kernels/squeeze_excite"),
    ("kernels/elementwise.hpp", "lanes.stream(x.data() + at) * factor", "lanes.stream(x.data() + at)", "kernels/elementwise"),
    ("kernels/squeeze_excite.hpp", "lanes.load(dz.data() + at), y, sum", "lanes.load(dz.data() + at), y, y", "kernels/squeeze_excite"),
    ("kernels/squeeze_excite.hpp", "channels * (part + 1) / parts", "channels * part / parts + 64", "kernels/squeeze_excite"),
    ("kernels/blend.hpp", "index / repeat * stride", "index * stride", "kernels/blend"),
    ("kernels/blend.hpp", "summand = repeated(blend.summand, neutral_.data() + channels", "summand = repeated(blend.summand, neutral_.data()", "kernels/blend"),
    ("kernels/epilogue.hpp", "epilogue.summand.data() + (x - out)", "epilogue.summand.data() + r * (last - first)", "kernels/epilogue"),
    ("kernels/loss.hpp", "p * mass - static_cast<double>(t[k])", "p - static_cast<double>(t[k])", "kernels/loss"),
    ("kernels/loss.hpp", "(normalizer - static_cast<double>(z[k]))", "(normalizer + static_cast<double>(z[k]))", "kernels/loss"),
    ("kernels/loss.hpp", "return largest + std::log(sum)", "return std::log(sum)", "kernels/loss"),
    ("kernels/loss.hpp", "static_cast<T>(1.0 - smoothing)", "static_cast<T>(1.0)", "kernels/loss"),
    # layers
    ("nn/squeeze_excite.hpp", "activation_backward<T>(dreduced, dreduced, saved.reduced", "activation_backward<T>(dreduced, dreduced, saved.activated", "nn/squeeze_excite_gradient"),
    ("nn/squeeze_excite.hpp", "squeeze_excite_backward_data<T>(dx, dy, saved.gate, dmean", "squeeze_excite_backward_data<T>(dx, dy, saved.gate, saved.mean", "nn/squeeze_excite_gradient"),
    ("nn/drop_path.hpp", "std::floor(keep + u) / keep", "std::floor(keep + u)", "nn/drop_path"),
    ("nn/drop_path.hpp", "return apply(dy, saved, context);", "return copy(dy, context);", "nn/drop_gradient"),
    ("nn/drop_path.hpp", "return {saved.factors, {}};", "return {};", "nn/block_gradient"),
    ("nn/dropout.hpp", "static_cast<T>(1.0 / keep)", "static_cast<T>(1.0)", "nn/dropout"),
    ("nn/mbconv.hpp", "residual ? dy.view() :", "!residual ? dy.view() :", "nn/block_gradient"),
    ("nn/mbconv.hpp", ".summand = dpixel}", ".summand = {}}", "nn/block_gradient"),
    ("nn/mbconv.hpp", "dpixel, T{1} / pixels", "dpixel, T{1}", "nn/block_gradient"),
    ("nn/fused_mbconv.hpp", "residual ? dy.view() :", "!residual ? dy.view() :", "nn/block_gradient"),
    ("nn/linear.hpp", "kernels::bias_backward<T>(bias.gradient(), dy, ", "kernels::bias_backward<T>(bias.gradient(), saved.x, ", "nn/linear_gradient"),
    ("nn/conv_bn_act.hpp", "std::max(conv.weight.version(), bn.version())", "conv.weight.version()", "models/efficientnet"),
    ("nn/batch_norm.hpp", "EFFV2_CHECK(rows > 1", "EFFV2_CHECK(rows > 0", "nn/batch_norm"),
    ("nn/context.hpp", "    data_ = data.data();\n", "", "nn/conv2d"),
    ("nn/conv2d.hpp", "if (!bias.empty() && !bias.frozen)", "if (!bias.empty() && !weight.frozen)", "nn/conv2d"),
    ("nn/batch_norm.hpp", "!running_mean.frozen && !running_var.frozen", "!running_mean.frozen", "nn/batch_norm"),
    ("nn/mbconv.hpp", "out_channels && keeps_size", "out_channels", "nn/mbconv"),
    ("nn/mbconv.hpp", "residual ? drop_path.shortcut_backward(saved.drop_path) : kernels::Blend<T>{}", "drop_path.shortcut_backward(saved.drop_path)", "nn/sequential"),
    ("nn/fused_mbconv.hpp", "residual ? drop_path.shortcut_backward(saved.drop_path) : kernels::Blend<T>{}", "drop_path.shortcut_backward(saved.drop_path)", "nn/sequential"),
    ("nn/layer.hpp", "if (held_ == nullptr || !held_->assign(other.held())) held_", "held_", "nn/layer"),
    ("nn/parameter.hpp", "    clear_gradient();\n    return *this;", "    return *this;", "nn/parameter"),
    ("nn/sequential.hpp", "saved.is_whole && saved.layers.size()", "saved.layers.size()", "nn/sequential"),
    ("nn/conv_bn_act.hpp", "!saved.z.empty(), ErrorCode", "true, ErrorCode", "nn/conv_bn_act"),
    ("nn/parameter.hpp", "number_ = other.number_ == 0 ? 0 : next();", "number_ = other.number_;", "nn/conv_bn_act"),
    ("optim/optimizer.hpp", "parameter.size() == spans_[i].count", "parameter.size() >= 0", "optim/optimizer"),
    ("models/block_spec.hpp", "stage.in_channels == channels", "stage.in_channels > 0", "models/block_spec"),
    ("core/text.hpp", "first == 0xED ? 0x9F", "first == 0xEE ? 0x9F", "core/text"),
    ("train/trainer.hpp", "now.dropout >= 0.0 ? now.dropout : built_dropout_", "now.dropout >= 0.0 ? now.dropout : model_.dropout_rate()", "train/trainer"),
    ("train/trainer.hpp", "      estimate_statistics();  // patience", "      // patience", "train/trainer"),
    ("kernels/bias.hpp", "static_cast<double>(db[c]) + total[c]", "total[c]", "kernels/bias"),
    ("kernels/partial_sums.hpp", "total[i] += static_cast<Sum>(partial[i])", "total[i] = static_cast<Sum>(static_cast<T>(total[i]) + partial[i])", "kernels/partial_sums"),
    ("models/block_spec.hpp", "rounded < 0.9 * scaled", "rounded < 0.8 * scaled", "models/block_spec"),
    ("models/efficientnet.hpp", "i == 0 ? stage.stride : 1", "stage.stride", "models/efficientnet"),
    # optimisers
    ("optim/adamw.hpp", "1.0 - learning_rate * weight_decay", "1.0 + learning_rate * weight_decay", "optim/adamw"),
    ("optim/adamw.hpp", "rest2 * g * g", "rest2 * g", "optim/adamw"),
    ("optim/adamw.hpp", "1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t))", "1.0 / (1.0 - std::pow(options_.beta2, t))", "optim/adamw"),
    ("optim/muon.hpp", "rank == 2 || rank == 4", "rank >= 2", "optim/muon"),
    ("optim/muon.hpp", "simd::fma<T>(moment, momentum, g)", "moment", "optim/muon"),
    ("optim/muon.hpp", "simd::fma<T>(lanes.stream(span.first + i), momentum, g)", "g", "optim/muon"),
    ("optim/muon.hpp", "std::max(rows, columns)", "rows", "optim/muon"),
    ("kernels/orthogonalize.hpp", "polynomial(i, i) += a", "polynomial(i, 0) += a", "kernels/orthogonalize"),
    ("kernels/elementwise.hpp", "sums[i % 8] +=", "sums[i % 8] =", "kernels/elementwise"),
    ("kernels/orthogonalize.hpp", "if (squares == 0.0) return;", "", "kernels/orthogonalize"),
    ("optim/optimizer.hpp", "norm * scale < largest_norm", "true", "optim/optimizer"),
    ("nn/mbconv.hpp", "depthwise.check_saved(saved.depthwise);", "", "nn/mbconv"),
    ("optim/rmsprop.hpp", "rate * g / sqrt(s + epsilon)", "rate * g / (sqrt(s) + epsilon)", "optim/rmsprop"),
    ("optim/rmsprop.hpp", "{true, true, 1.0}", "{true, true, 0.0}", "optim/rmsprop"),
    ("optim/sgd.hpp", "simd::fma<T>(m, momentum, g) : m", "m : m", "optim/sgd"),
    ("optim/optimizer.hpp", "clip_norm / norm : 1.0", "norm / clip_norm : 1.0", "optim/optimizer"),
    ("optim/optimizer.hpp", "if (!slots_[chunk.slot].parameter->frozen)", "if (true)", "optim/optimizer"),
    ("optim/optimizer.hpp", "slot.parameter->clear_gradient();", "", "optim/optimizer"),
    ("optim/optimizer.hpp", "average->update_piece(chunk.slot, chunk.begin, chunk.count)", "average->update_piece(chunk.slot, 0, chunk.count)", "optim/optimizer"),
    ("optim/schedule.hpp", "static_cast<double>(step + 1)", "static_cast<double>(step)", "optim/schedule"),
    ("optim/ema.hpp", "(1.0 + t) / (10.0 + t)", "(1.0 + t) / (11.0 + t)", "optim/ema"),
    # files
    ("io/safetensors_header.hpp", "entry->begin == position", "entry->begin >= position", "io/safetensors"),
    ("io/safetensors_header.hpp", "bytes != entry.end - entry.begin", "bytes > entry.end - entry.begin", "io/safetensors"),
    ("io/safetensors.hpp", "exponent + 112U", "exponent + 113U", "io/safetensors"),
    ("io/safetensors.hpp", "0x7FFFU + (bits >> 16 & 1U)", "0x8000U", "io/safetensors"),
    ("io/parameter_names.hpp", "(o * inputs + i) * taps + tap", "(i * outputs + o) * taps + tap", "io/parameter_names"),
    ("io/weights.hpp", "!options.strict || report.fits()", "true", "io/weights"),
    ("io/model_file.hpp", "least_weights(spec, o) > held", "least_weights(spec, o) < 0.0", "io/model_file"),
    # training
    ("train/metrics.hpp", "if (row[k] > row[best])", "if (row[k] >= row[best])", "train/metrics"),
    # files that survive
    ("core/atomic_file.hpp", "bytes = bytes.subspan(static_cast<std::size_t>(count));", "bytes = {};", "core/atomic_file"),
    ("core/atomic_file.hpp", "while (result < 0 && errno == EINTR) result = call();", "", "core/atomic_file"),
    ("core/atomic_file.hpp", "if (!committed_) ::unlink(part_.c_str());", "", "core/atomic_file"),
    ("io/checksum.hpp", "std::uint64_t{byte} << 8 * filled_", "std::uint64_t{byte} << 7 * filled_", "io/checksum"),
    ("io/checksum.hpp", "if (filled_ > 0) whole.mix();", "", "io/checksum"),
    ("io/checkpoint.hpp", "const bool outlived = entry->step > run.step();", "const bool outlived = false;", "io/checkpoint"),
    ("io/checkpoint.hpp", "EFFV2_CHECK(theirs == ours,", "EFFV2_CHECK(true,", "io/checkpoint"),
    ("io/checkpoint.hpp", "if (values->shape() == shape) return values;", "return values;", "io/checkpoint"),
    ("io/safetensors.hpp", "if (file.has_checksum()) file.verify", "if (false) file.verify", "io/checkpoint"),
    ("data/loader.hpp", "options.prefetch = false, options.threads = team;", "options.prefetch = false;", "data/loader"),
    ("data/loader.hpp", "team >= available_threads()", "team > available_threads()", "data/loader"),
    ("train/fit_options.hpp", "label_smoothing >= 0.0 && label_smoothing < 1.0", "label_smoothing < 1.0", "train/fit_options"),
    ("nn/visit.hpp", "found |= !parameter.frozen", "found = true", "train/trainer"),
    ("train/fit_options.hpp", "untouched.seed, seed) && data.shuffle", "untouched.seed, seed)", "train/fit_options"),
    ("train/fit_options.hpp", "in_data == initial || in_data == above", "in_data == above", "train/fit_options"),
    ("train/trainer.hpp", "progress_.finish_step(report, options_.accumulate);", "progress_.finish_step(report, 2 * options_.accumulate);", "io/checkpoint"),
    ("train/trainer.hpp", "share = 1.0 / static_cast<double>(options_.accumulate)", "share = 1.0", "train/trainer"),
    ("train/trainer.hpp", "progress_.step * stages / total_steps()", "(progress_.step + 1) * stages / total_steps()", "train/trainer"),
    ("train/trainer.hpp", "if (!batch.mix.empty()) data::mix_rows<T>(targets, batch.mix);", "", "train/trainer"),
    # moved-from values, own first layers, pictures of any size, answers that are no numbers
    ("nn/layer.hpp", "context.is_data(x) && skips_data_gradient(reader) && !has_trainable(layer)", "context.is_data(x) && skips_data_gradient(reader)", "models/efficientnet"),
    ("nn/layer.hpp", "skips_data_gradient(reader) && ", "", "models/efficientnet"),
    ("nn/layer.hpp", "if (makes_data) context.set_data(y);", "", "models/efficientnet"),
    ("nn/sequential.hpp", "if (i + 1 == learner) context", "if (i + 1 < learner) context", "nn/sequential"),
    ("nn/sequential.hpp", "learner != layers_.end() && learner->skips_data_gradient()", "learner != layers_.end()", "nn/sequential"),
    ("nn/visit.hpp", "TrainableFinder() : Visitor<T>(false) {}", "TrainableFinder() : Visitor<T>(true) {}", "models/training_steps"),
    ("nn/layer.hpp", "return nn::skips_data_gradient(layer);", "return true;", "nn/layer"),
    ("train/trainer.hpp", "skips ? batch->images.view() : View<const T>{}", "batch->images.view()", "train/trainer"),
    ("train/trainer.hpp", "trainer.ema_.has_value() && !trainer.averaged_", "trainer.ema_.has_value()", "train/trainer"),
    ("train/trainer.hpp", "trainer_.averaged_ = averaged;", "", "io/checkpoint"),
    ("train/trainer.hpp", "if (place != std::pair(progress_.epoch, progress_.batch)) start_loader();", "", "io/checkpoint"),
    ("train/trainer.hpp", "    nn::zero_gradients(model_);  // whatever", "    // whatever", "train/trainer"),
    ("train/trainer.hpp", "report.loss = report.accuracy = std::numeric_limits<double>::quiet_NaN();", "", "train/trainer"),
    ("train/trainer.hpp", "now.image_size.value_or(options.image_size)", "now.image_size", "train/trainer"),
    ("nn/visit.hpp", "  for_each_state(model, f);\n", "", "io/checkpoint"),
    ("train/evaluate.hpp", "size.is_given() || test.picture_size()", "true || test.picture_size()", "train/trainer"),
    ("train/make_optimizer.hpp", "if (o.clip_norm > 0.0) optimizer->clip_norm = o.clip_norm;", "", "train/trainer"),
    ("train/estimate_statistics.hpp", "context.non_finite() == nullptr", "true", "train/estimate_statistics"),
    ("kernels/batch_norm.hpp", "momentum == 1.0 ? m :", "false ? m :", "train/estimate_statistics"),
    ("optim/optimizer.hpp", "if (!slot.parameter->frozen) ++slot.updates;", "++slot.updates;", "optim/adamw"),
    ("optim/optimizer.hpp", 'f("updates." + slot.path, slot.updates);', "", "io/checkpoint"),
    ("nn/parameter.hpp", "number_(std::exchange(other.number_, 0))", "number_(other.number_)", "nn/parameter"),
    ("nn/parameter.hpp", "has_value = std::exchange(other.number_, 0) != 0;", "has_value = other.number_ != 0;", "nn/parameter"),
    ("train/metrics.hpp", "are_numbers = are_numbers && std::isfinite(row[k]);", "", "train/metrics"),
    ("data/normalize.hpp", "shape[shape.rank() - 1] == channels()", "shape.size() % channels() == 0", "data/normalize"),
    ("data/normalize.hpp", "/ count - mean * mean;", "/ count;", "data/normalize"),
    ("core/picture_size.hpp", "(height == 0 && width == 0)", "(height == 0 || width == 0)", "core/picture_size"),
    ("train/classifier.hpp", "card_.image_size.value_or(own)", "own", "train/classifier"),
    ("io/model_file.hpp", "is_finite<T>(variable.value())", "true", "io/model_file"),
    ("train/progressive.hpp", "side(&PictureSize::width)", "side(&PictureSize::height)", "train/progressive"),
    ("search/proxy.hpp", "if (error.code() != ErrorCode::non_finite) throw;", "throw;", "search/proxy"),
    ("models/block_spec.hpp", "value >= 1 && value <= most", "value >= 1", "models/block_spec"),
    ("train/make_optimizer.hpp", "o.optimizer == OptimizerKind::own", "true", "train/trainer"),
    ("optim/optimizer.hpp", "slots_[index].parameter == &parameter;", "true;", "train/trainer"),
    ("train/trainer.hpp", "options_.patience * epoch_steps()", "(options_.patience + 1) * epoch_steps()", "train/trainer"),
    ("train/progressive.hpp", "static_cast<double>(i) / (stages - 1)", "static_cast<double>(i) / stages", "train/progressive"),
    ("core/parallel.hpp", "|| ForkWatch::is_orphan()", "|| false", "core/parallel"),
    ("core/atomic_file.hpp", "old.st_mode & 0777", "0644", "core/atomic_file"),
    ("core/atomic_file.hpp", "longest_name - end.size()", "longest_name", "core/atomic_file"),
    ("train/trainer.hpp", "std::isfinite(loss) && context_.non_finite() == nullptr", "std::isfinite(loss)", "train/trainer"),
    ("nn/sequential.hpp", "saved.is_whole = false;\n    const std::size_t learner", "const std::size_t learner", "nn/sequential"),
    ("io/onnx.hpp", "for (const std::string& name : constants_) check_free(name);", "", "io/onnx"),
    ("data/warp.hpp", "column * (sine - down * ux)", "column * (sine + down * ux)", "data/warp"),
    ("data/warp.hpp", "strength * 315.0 / 151.0", "strength", "data/warp"),
    ("data/warp.hpp", "fx * x0 + 0.5 * (fx - 1.0)", "fx * x0", "data/warp"),
    ("data/warp.hpp", "displacement_scale[1] * down", "displacement_scale[0] * down", "data/warp"),
    ("data/loader.hpp", "fill_value, displacement, size)", "fill_value, displacement)", "data/loader"),
    ("data/rand_augment.hpp", "before = step / 2", "before = 0", "oracle/augment"),
    ("data/rand_augment.hpp", "sign * m / 30.0 * geometry", "sign * m / 30.0", "data/rand_augment"),
    ("data/mixup.hpp", "(T{1} - b) * first", "(T{1} - a) * first", "data/mixup"),
    ("data/augment.hpp", "0.5 * (growth - 1.0)", "(growth - 1.0)", "data/augment"),
    ("data/loader.hpp", "std::max(weight, 1.0 - weight)", "weight", "data/loader"),
    ("train/run_progress.hpp", 'f("epoch_loss", loss), ', "", "train/run_progress"),
    ("train/trainer.hpp", "const bool skips = options_.on_non_finite == NonFinite::skip;", "const bool skips = false;", "train/trainer"),
    ("train/run_progress.hpp", "best_accuracy = report.evaluation->accuracy(), best_step = step;", "", "train/run_progress"),
    ("nn/batch_norm.hpp", "if (is_finite<T>(saved.mean) && is_finite<T>(saved.variance)) {", "if (channels > 0) {", "train/trainer"),
    ("optim/optimizer.hpp", 'if (!slot.second.empty()) f("second." + slot.path, slot.second);', "", "io/checkpoint"),
    ("optim/ema.hpp", 'f("updates", updates_);', "", "io/checkpoint"),
    ("io/onnx.hpp", "scale * static_cast<double>(bias[c] - mean[c])", "scale * static_cast<double>(bias[c] + mean[c])", "io/onnx"),
    ("io/onnx.hpp", "is_convolution && readers[input] == 1", "is_convolution && readers[input] == 2", "io/onnx"),
    ("io/protobuf.hpp", "static_cast<char>(value | 0x80)", "static_cast<char>(value)", "io/protobuf"),
    ("io/torchvision.hpp", 'name <= "v1-b4"', 'name <= "v1-b3"', "io/torchvision"),
    ("models/efficientnet.hpp", "    options = changed;\n", "", "models/efficientnet"),
    ("train/trainer.hpp", "statistics_.restore();", "", "train/trainer"),
    ("train/trainer.hpp", "if (std::exchange(averaged_, false)) ema_->swap();", "", "io/checkpoint"),
    ("train/trainer.hpp", 'averaged_ ? "ema.average." : "model."', '"model."', "io/checkpoint"),
    ("core/appended_file.hpp", "static_cast<void>(::ftruncate(file_, size_));", "", "core/appended_file"),
    ("core/appended_file.hpp", "LOCK_EX | LOCK_NB", "LOCK_SH | LOCK_NB", "core/appended_file"),
    ("models/scaling.hpp", "o.later_layers) * i / last", "o.later_layers) * i / (last + 1)", "models/scaling"),
    ("search/space.hpp", "1 + random.below(options(i) - 1, sample, 1)", "random.below(options(i), sample, 1)", "search/space"),
    ("search/space.hpp", "candidate.key() == key", "candidate.key().size() <= key.size()", "search/space"),
    ("search/reward.hpp", "std::pow(parameters, o.parameters)", "std::pow(parameters, o.step_time)", "search/reward"),
    ("search/reward.hpp", "return better && !worse;", "return better || !worse;", "search/reward"),
    ("search/searcher.hpp", "history.last(population)", "history.first(population)", "search/searcher"),
    ("search/searcher.hpp", "drawn.reward > parent->reward", "drawn.reward < parent->reward", "search/searcher"),
    ("search/searcher.hpp", "while (seen.contains(child))", "while (false)", "search/searcher"),
    ("search/searcher.hpp", "{o.seed, streams::propose, index}", "{1, streams::propose, index}", "search/searcher"),
    ("search/journal.hpp", "|| to_line(record) != line", "", "search/journal"),
    ("search/journal.hpp", "      file_.truncate(size);\n", "", "search/journal"),
    ("search/journal.hpp", "EFFV2_CHECK(theirs == configuration,", "EFFV2_CHECK(true,", "search/journal"),
    ("search/search.hpp", "reward(record.measurement.accuracy, record.predicted_step_time,", "reward(record.measurement.accuracy, record.measurement.step_time,", "search/search"),
    ("search/search.hpp", "expected == record.candidate &&", "true &&", "search/search"),
    ("search/layer_times.hpp", "i == 0 ? row.in_channels : row.out_channels, row.out_channels", "row.in_channels, row.out_channels", "search/layer_times"),
    ("search/layer_times.hpp", "return seconds(spec) / reference_;", "return seconds(spec);", "search/layer_times"),
    ("search/step_time.hpp", "ours / reference.seconds(o.steps)", "reference.seconds(o.steps) / ours", "search/step_time"),
    ("search/space.hpp", "backbone_.dropout)", "0)", "search/space"),
    ("search/proxy.hpp", "rest.stratified_sample(std::min(1.0, part(images, rest)), seed)", "set.stratified_sample(std::min(1.0, part(images, set)), seed + 1)", "search/proxy"),
    ("search/proxy.hpp", "if (result.stopped) return {};", "", "search/proxy"),
    ("search/source.hpp", "text += concat(\", \", number);", "text += concat(\",\", number);", "search/source"),
    ("io/model_file.hpp", "names == 0 || names == classes", "names >= 0", "io/model_file"),
    ("core/atomic_file.hpp", "if (!fs::is_symlink(path, none)) return path;", "return path;", "core/atomic_file"),
    ("core/atomic_file.hpp", "!exists || fs::is_regular_file(path, none)", "true", "core/atomic_file"),
    ("core/byte_source.hpp", "if (is_folder(path)) throw_io(path, \"open\", EISDIR);", "", "core/byte_source"),
    ("kernels/window.hpp", "    check_pixels(out_height, out_width);\n", "", "kernels/window"),
    ("kernels/packed_matrix.hpp", "  if (packed.data.size() != size) packed.data", "  packed.taps = taps;\n  if (packed.data.size() != size) packed.data", "kernels/packed_matrix"),
    ("nn/context.hpp", "      entry.version.reset();  // until it is whole again\n      entry.weights", "      entry.weights", "nn/context"),
    ("nn/layer.hpp", "!held_->assign(std::move(*other.held_))", "true", "nn/layer"),
    ("nn/sequential.hpp", "if (size() == other.size()) {", "if (false) {", "nn/sequential"),
    ("optim/ema.hpp", "    check_sizes();\n", "", "optim/ema"),
    ("optim/optimizer.hpp", "if (!std::isfinite(partials_[i])) partials_[i] = squares_of(chunks_[i]);", "", "optim/optimizer"),
    ("optim/optimizer.hpp", "    detail::check_not_negative(learning_rate, \"a learning rate\");\n", "", "optim/optimizer"),
    ("optim/schedule.hpp", "decay > 0.0 && decay <= 1.0", "true", "optim/schedule"),
    ("train/model_card.hpp", "value_or(training.picture_size())", "value_or({})", "train/model_card"),
    ("train/progressive.hpp", "has_magnitudes ? magnitude / range.last_magnitude : part", "magnitude / range.last_magnitude", "train/progressive"),
    ("train/run_progress.hpp", "    batch += batches;\n", "", "train/run_progress"),
    ("train/trainer.hpp", "      before = Clock::now();\n", "", "train/trainer"),
    ("train/run_configuration.hpp", "return '\\n' + model.configuration();", "return {};", "train/run_configuration"),
    ("train/make_optimizer.hpp", "o.weight_decay == untouched.weight_decay", "true", "train/trainer"),
    ("train/metrics.hpp", "confusion.total() == 0 ?", "false ?", "train/metrics"),
    ("optim/optimizer.hpp", 'f("own." + own.first, *value);', "", "io/checkpoint"),
    ("models/efficientnet.hpp", "built_dropout(), \"\\ndrop_path", "0.0, \"\\ndrop_path", "models/efficientnet"),
    ("io/model_file.hpp", "hidden * std::max(taps * in, out)", "hidden * taps * in", "io/model_file"),
    ("io/model_file.hpp", "concat(model.built_dropout())", "concat(model.dropout_rate())", "io/model_file"),
    ("core/text.hpp", "text.find('\\n') == text.npos && is_utf8(text)", "is_utf8(text)", "core/text"),
    ("io/model_file.hpp", "EFFV2_CHECK(text::is_name(name)", "EFFV2_CHECK(true", "io/model_file"),
    ("io/model_file.hpp", "EFFV2_CHECK(is_alike,", "EFFV2_CHECK(true,", "io/model_file"),
    ("nn/graph.hpp", "attributes == other.attributes;", "true;", "io/model_file"),
    ("io/onnx.hpp", "std::isfinite(static_cast<float>(value))", "std::isfinite(value)", "io/onnx"),
    ("io/weights.hpp", "name.starts_with(options.prefix) &&", "", "io/weights"),
    ("data/dataset.hpp", "text::is_name(name)", "true", "data/dataset"),
    ("data/image_folder.hpp", "!is_given || known != class_names.end()", "true", "data/image_folder"),
    ("data/loader.hpp", "dataset_->images.shape() == known_images_", "true", "data/loader"),
    ("data/loader.hpp", "label >= 0 && label < dataset_->classes", "label >= 0", "data/loader"),
    ("train/trainer.hpp", "std::max(progress_.best_step, last_stage)", "progress_.best_step", "train/trainer"),
    ("io/weights.hpp", "has_something || file.entries().empty()", "true", "io/weights"),
    ("io/weights.hpp", "options.naming.value_or(detail::naming_of(file))", "options.naming.value_or(Naming::effv2)", "io/weights"),
    ("data/loader.hpp", "options.mean != initial.mean &&", "options.mean != initial.mean ||", "data/loader"),
    ("search/layer_times.hpp", "EFFV2_CHECK(keeps,", "EFFV2_CHECK(true,", "search/layer_times"),
    # reports
    ("core/text.hpp", "exponent < -4", "exponent < -1", "core/text"),
    ("core/text.hpp", "i > first + 3", "i >= first + 3", "core/text"),
    ("io/png.hpp", "begin + count == bytes.size()", "begin + count >= largest", "io/png"),
    ("train/svg_axis.hpp", "if (axis.is_falling) std::swap(begin_, end_);", "", "train/svg_axis"),
    ("train/svg_chart.hpp", "series.is_stairs ? \"H\" : \"L\"", "\"L\"", "train/svg_chart"),
    ("train/run_record.hpp", "weight / (weights_.back() += weight)", "0.5", "train/run_record"),
    ("train/report_answers.hpp", "std::pair(-confidence(a), a) < std::pair(-confidence(b), b)", "confidence(a) < confidence(b)", "train/report_answers"),
    ("train/report_answers.hpp", "text::escaped(test.class_name(truth))", "test.class_name(truth)", "train/report_answers"),
    ("train/report_course.hpp", "(record.total_steps * k + count - 1) / count", "record.total_steps * k / count", "train/report_course"),
    ("train/report_network.hpp", "result.back().output == block.output", "true", "train/report_network"),
    ("train/report.hpp", "record.steps_done < record.total_steps", "false", "train/report"),
    ("train/metrics.hpp", "++called_[static_cast<std::size_t>(predicted)];", "++called_[static_cast<std::size_t>(truth)];", "train/metrics"),
    ("train/metrics.hpp", "k >= 0 && k < classes()", "k >= 0", "train/metrics"),
    ("train/metrics.hpp", "correct_ += truth == predicted ? 1 : 0", "++correct_", "train/metrics"),
    ("train/metrics.hpp", "++counts_[{truth, predicted}]", "++counts_[{predicted, truth}]", "train/metrics"),
    ("io/checkpoint.hpp", "entry->step == best_step_", "entry->step < 0", "io/checkpoint"),
    ("io/checkpoint.hpp", "configuration_ == configuration && last_step_ <= run.step()", "configuration_ == configuration", "io/checkpoint"),
    ("io/checkpoint.hpp", "configuration_ == configuration && last_step_ <= run.step()", "last_step_ <= run.step()", "io/checkpoint"),
    ("io/checkpoint.hpp", "std::filesystem::exists(path_of(best), none)", "true", "io/checkpoint"),
    ("core/atomic_file.hpp", "if (!is_part_name(part)) return false;", "", "core/atomic_file"),
    ("core/atomic_file.hpp", "is_free && ::unlink", "::unlink", "core/atomic_file"),
    ("core/atomic_file.hpp", "        remove_leftover(part_);\n", "", "core/atomic_file"),
    ("core/atomic_file.hpp", "return ::flock(file_, LOCK_EX);", "return 0;", "core/atomic_file"),
    ("data/dataset.hpp", "index < images.extent(0)", "index < size()", "data/dataset"),
    ("data/dataset.hpp", "    validate();\n    Dataset part{", "    Dataset part{", "data/dataset"),
    ("data/loader.hpp", " && dataset_->size() == known_images_[0]", "", "data/loader"),
    ("io/model_file.hpp", "std::max({expands ? in : 0.0, out, in / 4.0})", "std::max(expands ? in : 0.0, out)", "io/model_file"),
    ("io/model_file.hpp", "std::max({expands ? in : 0.0, out, in / 4.0})", "std::max(out, in / 4.0)", "io/model_file"),
    ("nn/conv2d.hpp", "std::max(o.kernel, o.stride) <= kernels::max_kernel", "o.kernel <= kernels::max_kernel", "io/model_file"),
    ("data/resize.hpp", "source.shape() == from && target.shape() == to", "source.shape() == from", "data/resize"),
    ("data/mixup.hpp", "rows.extent(0) == count", "true", "data/mixup"),
    ("train/estimate_statistics.hpp", "begin_step(static_cast<std::uint64_t>(i))", "begin_step(static_cast<std::uint64_t>(i), batch->images)", "train/estimate_statistics"),
    ("search/source.hpp", "models::block_letters[i],", "models::block_letters[0],", "search/source"),
    ("search/proxy.hpp", "options.timing.validate();", "", "search/proxy"),
    ("nn/fused_mbconv.hpp", "    expand.conv.check(x);\n", "", "nn/fused_mbconv"),
    # frozen parts, statistics as in evaluation, labels and weights of classes, parts exchanged
    ("nn/drop_path.hpp", "rate == 0.0 || !context.drops", "rate == 0.0", "train/estimate_statistics"),
    ("train/trainer.hpp", "if (!test_.labels.empty() || !test_.images.empty())", "if (!test_.labels.empty())", "train/trainer"),
    ("io/weights.hpp", "may_be_negative || values[i] >= T{}", "true", "io/weights"),
    ("io/weights.hpp", "!file.template is_readable_as<T>(name)", "false", "io/weights"),
    ("io/model_file.hpp", "return value >= T{};", "return value >= T{-9};", "io/model_file"),
    ("nn/dropout.hpp", "!context.drops || ", "", "train/estimate_statistics"),
    ("train/estimate_statistics.hpp", "batch_before.restore();", "", "train/estimate_statistics"),
    ("train/estimate_statistics.hpp", "all_before.restore();", "", "train/estimate_statistics"),
    ("train/estimate_statistics.hpp", "static_cast<double>(counted + 1)", "static_cast<double>(i + 1)", "train/estimate_statistics"),
    ("train/estimate_statistics.hpp", "EFFV2_CHECK(counted > 0", "EFFV2_CHECK(counted >= 0", "train/estimate_statistics"),
    ("train/estimate_statistics.hpp", "context.statistics_momentum = momentum, context.drops = drops;", "context.statistics_momentum = momentum;", "train/estimate_statistics"),
    # the review of layers, runs and files that nobody had tried
    ("train/trainer.hpp", "model_text(model_, picture)", "model_text(model_, loader_.shape(1))", "train/trainer"),
    ("train/trainer.hpp", "concat(\"\\nbuilt_dropout \", built_dropout_)", "std::string()", "train/trainer"),
    ("nn/dropout.hpp", "if (rate > 0.0) graph.note(input, \"dropout\", rate);", "", "train/run_configuration"),
    ("nn/drop_path.hpp", "if (rate > 0.0) graph.note(input, \"drop_path\", rate);", "", "train/run_configuration"),
    ("nn/batch_norm.hpp", "graph.note(node, \"momentum\", options.momentum);", "", "train/run_configuration"),
    ("nn/batch_norm.hpp", "    check(graph.shape(input));\n", "", "nn/graph"),
    ("nn/squeeze_excite.hpp", "    detail::check_picture(x, reduce.in(), \"squeeze_excite\");\n    const auto act", "    const auto act", "nn/graph"),
    ("nn/mbconv.hpp", "node = drop_path.describe(graph, node);", "", "train/run_configuration"),
    ("nn/fused_mbconv.hpp", "node = drop_path.describe(graph, node);", "", "train/run_configuration"),
    ("io/checkpoint.hpp", "    begun_as_ = run.configuration();\n", "", "io/checkpoint"),
    ("search/proxy.hpp", "models::efficientnet<T>(reference_, options_.network, options_.fit.seed)", "Model(reference_, options_.network)", "search/proxy"),
    ("search/search.hpp", "static_cast<void>(reward(1.0, 1.0, 1.0, o.reward));", "", "search/search"),
    ("train/svg_chart.hpp", " || x(mark.x) < left || x(mark.x) > right", "", "train/svg_chart"),
    ("kernels/loss.hpp", "targets.shape() == Shape({std::ssize(labels), classes})", "true", "kernels/loss"),
    ("data/warp.hpp", "displacement->size() == PictureSize(target.extent(0), target.extent(1))", "true", "data/warp"),
    ("data/rand_augment.hpp", "std::accumulate(pixel, pixel + channels, 0.0) / static_cast<double>(channels)", "pixel[0]", "data/rand_augment"),
    ("data/background.hpp", "    await();\n    failure_ = nullptr;\n", "    await();\n", "data/background"),
    ("io/onnx.hpp", 'output + ":"', "output + '.'", "io/onnx"),
    ("io/onnx.hpp", "EFFV2_CHECK(variables_.emplace(path, &variable.value()).second,", "EFFV2_CHECK((variables_.emplace(path, &variable.value()), true),", "io/onnx"),
    ("core/atomic_file.hpp", "::fchown(file_, old.st_uid, old.st_gid) != 0", "false", "core/atomic_file"),
    ("train/trainer.hpp", "EFFV2_CHECK(optimizer_->is_of(model_)", "EFFV2_CHECK(optimizer_ != nullptr", "train/trainer"),
    ("kernels/loss.hpp", "row[k] *= static_cast<T>(weight)", "row[k] *= static_cast<T>(1.0)", "train/trainer"),
    ("train/trainer.hpp", "    frozen_at_start();", "", "io/checkpoint"),
    ("train/trainer.hpp", "f(\"frozen.\" + path, variable.frozen);", "", "io/checkpoint"),
    ("train/run_configuration.hpp", "nn::describe(model, images).to_string()", "std::string()", "train/run_configuration"),
    ("train/classifier.hpp", "card_ != network_.card || ", "", "train/classifier"),
    ("kernels/loss.hpp", "label >= 0 && label < classes", "label < classes", "kernels/loss"),
    ("kernels/loss.hpp", "targets.shape() == logits.shape() && dlogits", "dlogits", "kernels/loss"),
    ("data/loader.hpp", "EFFV2_CHECK(started_,", "EFFV2_CHECK(started_ || true,", "data/loader"),
    ("data/dataset.hpp", "std::max<std::int64_t>(0, count - least)", "count", "data/dataset"),
    ("data/dataset.hpp", "(present * static_cast<double>(n))", "(static_cast<double>(classes) * static_cast<double>(n))", "data/dataset"),
    ("data/dataset.hpp", "names.insert(name).second", "(names.insert(name), true)", "data/dataset"),
    ("io/model_file.hpp", "reader.number_or(\"effv2.branch_gamma\", o.defaults.branch_gamma)", "o.defaults.branch_gamma", "io/model_file"),
    ("io/model_file.hpp", "most_pixels / std::max<std::int64_t>(1, image_size.width)", "most_pixels", "io/model_file"),
    ("io/checkpoint.hpp", "load(run, entry->path)", "load(run, path_of(entry->step))", "io/checkpoint"),
    ("core/text.hpp", "++count <= most", "++count < most", "core/text"),
    ("optim/schedule.hpp", "std::floor(static_cast<double>(step) / decay_steps)", "std::floor(static_cast<double>(step - warmup_steps) / decay_steps)", "optim/schedule"),
    ("nn/graph.hpp", "lines += concat(' ', name, ' ', value)", "lines += concat(' ', name)", "nn/graph"),
    ("train/fit_options.hpp", "&& steps >= 0 &&", "&&", "train/fit_options"),
    ("nn/state_snapshot.hpp", "state->edit() = before;", "state->edit();", "nn/state_snapshot"),
]


def run_test(include, test, work):
    """Builds one test over the headers in `include`; returns what happened."""
    program = work / "test"
    sources = [ROOT / "tests" / f"{test}_test.cpp"]
    if "counting_new.hpp" in sources[0].read_text():
        sources.append(ROOT / "tests" / "support" / "counting_new.cpp")
    build = subprocess.run(
        [os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-march=native", "-fopenmp",
         "-I", include, "-isystem", "/usr/include/eigen3", "-isystem", "/usr/include/stb", f'-DEFFV2_SOURCE_DIR="{ROOT}"',
         *sources, "-o", program, "-lCatch2WithMain", "-lz"],
        capture_output=True, text=True)
    if build.returncode != 0:
        return "does not compile"
    try:
        result = subprocess.run([program], capture_output=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "hangs"
    return "survives" if result.returncode == 0 else "red"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", default="", help="mutations whose header or test has this text")
    options.add_argument("--report", type=pathlib.Path, help="write a table there")
    options = options.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    chosen = [m for m in MUTATIONS if options.only in f"{m[0]} {m[3]}"]
    stale = [m for m in chosen if (ROOT / "include" / "effv2" / m[0]).read_text().count(m[1]) != 1]
    if stale:
        sys.exit("expected once: " + ", ".join(f"{m[1]!r} in {m[0]}" for m in stale))
    if not chosen:
        sys.exit(f"no mutation has \"{options.only}\"")
    with tempfile.TemporaryDirectory() as folder:
        folders = queue.SimpleQueue()  # one for each core, with headers to break
        for core in range(len(os.sched_getaffinity(0))):
            work = pathlib.Path(folder) / str(core)
            shutil.copytree(ROOT / "include", work / "include")
            folders.put(work)

        def break_and_test(header, original, broken, test):
            work = folders.get()
            path = work / "include" / "effv2" / header
            text = path.read_text()
            path.write_text(text.replace(original, broken))
            outcome = run_test(work / "include", test, work)
            path.write_text(text)
            folders.put(work)
            print(f"{outcome:16} {header}: {original!r} -> {broken!r} ({test})", flush=True)
            return header, original, broken, test, outcome

        with concurrent.futures.ThreadPoolExecutor(folders.qsize()) as pool:
            rows = list(pool.map(break_and_test, *zip(*chosen)))

    survivors = [row for row in rows if row[4] in ("survives", "does not compile")]
    print(f"{len(rows) - len(survivors)} of {len(rows)} mutations were noticed")
    if options.report:
        cell = lambda text: "`" + " ".join(text.split()).replace("|", "\\|") + "`" if text else "(removed)"
        lines = ["# Mutations", "", "Made by `tests/mutations/run.py`: each line of the headers below was "
                 "broken in turn, and the", "test beside it built and run. "
                 f"{len(rows) - len(survivors)} of {len(rows)} were noticed.", "",
                 "| header | was | became | test | outcome |", "|---|---|---|---|---|"]
        lines += [f"| {h} | {cell(o)} | {cell(b)} | {t} | {r} |" for h, o, b, t, r in rows]
        options.report.write_text("\n".join(lines) + "\n")
    sys.exit(len(survivors) > len(rows) * 0.05)


if __name__ == "__main__":
    main()
