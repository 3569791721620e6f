// effv2: EfficientNetV2 that trains inside of a C++ program.
//
// Everything that needs no package beyond xsimd and OpenMP, room by room in reading order. By name
// only:
//   kernels/gemm.hpp, kernels/im2col.hpp   the textbook convolution, through Eigen
//   data/gzip.hpp                          compressed IDX files, through zlib
//   train/report.hpp                       a page of HTML about a run
//   search/search.hpp, search/proxy.hpp    architecture search
#pragma once

#include "version.hpp"

// Tensors, errors, random numbers, threads, vectors: no arithmetic on layers.
#include "core/accumulator.hpp"
#include "core/appended_file.hpp"
#include "core/atomic_file.hpp"
#include "core/byte_source.hpp"
#include "core/error.hpp"
#include "core/execution.hpp"
#include "core/isa.hpp"
#include "core/memory.hpp"
#include "core/parallel.hpp"
#include "core/picture_size.hpp"
#include "core/processor.hpp"
#include "core/random.hpp"
#include "core/shape.hpp"
#include "core/simd.hpp"
#include "core/slabs.hpp"
#include "core/tensor.hpp"
#include "core/text.hpp"

// Pure functions over views.
#include "kernels/activation.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/bias.hpp"
#include "kernels/blend.hpp"
#include "kernels/columns.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/depthwise_conv2d.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/indirect_gemm.hpp"
#include "kernels/indirect_outer.hpp"
#include "kernels/linear.hpp"
#include "kernels/loss.hpp"
#include "kernels/orthogonalize.hpp"
#include "kernels/packed_matrix.hpp"
#include "kernels/partial_sums.hpp"
#include "kernels/pooling.hpp"
#include "kernels/row_blocks.hpp"
#include "kernels/squeeze_excite.hpp"
#include "kernels/window.hpp"
#include "kernels/winograd.hpp"
#include "kernels/winograd_outer.hpp"

// Layers: state and composition.
#include "nn/activation.hpp"
#include "nn/batch_norm.hpp"
#include "nn/check.hpp"
#include "nn/context.hpp"
#include "nn/conv2d.hpp"
#include "nn/conv_bn_act.hpp"
#include "nn/depthwise_conv2d.hpp"
#include "nn/drop_path.hpp"
#include "nn/dropout.hpp"
#include "nn/fused_mbconv.hpp"
#include "nn/graph.hpp"
#include "nn/layer.hpp"
#include "nn/linear.hpp"
#include "nn/mbconv.hpp"
#include "nn/parameter.hpp"
#include "nn/pooling.hpp"
#include "nn/sequential.hpp"
#include "nn/squeeze_excite.hpp"
#include "nn/state_snapshot.hpp"
#include "nn/visit.hpp"

// Tables and the builder.
#include "models/block_spec.hpp"
#include "models/efficientnet.hpp"
#include "models/scaling.hpp"
#include "models/tables.hpp"

// Updates, schedules, averages.
#include "optim/adamw.hpp"
#include "optim/ema.hpp"
#include "optim/muon.hpp"
#include "optim/optimizer.hpp"
#include "optim/rmsprop.hpp"
#include "optim/schedule.hpp"
#include "optim/sgd.hpp"

// Files of weights.
#include "io/checkpoint.hpp"
#include "io/checksum.hpp"
#include "io/model_file.hpp"
#include "io/onnx.hpp"
#include "io/parameter_names.hpp"
#include "io/protobuf.hpp"
#include "io/safetensors.hpp"
#include "io/safetensors_header.hpp"
#include "io/torchvision.hpp"
#include "io/weights.hpp"

// Images and batches.
#include "data/augment.hpp"
#include "data/background.hpp"
#include "data/dataset.hpp"
#include "data/idx.hpp"
#include "data/image_folder.hpp"
#include "data/loader.hpp"
#include "data/mixup.hpp"
#include "data/mnist.hpp"
#include "data/normalize.hpp"
#include "data/permutation.hpp"
#include "data/rand_augment.hpp"
#include "data/resize.hpp"
#include "data/warp.hpp"

// The loop.
#include "train/callbacks.hpp"
#include "train/classifier.hpp"
#include "train/estimate_statistics.hpp"
#include "train/evaluate.hpp"
#include "train/fit_options.hpp"
#include "train/make_optimizer.hpp"
#include "train/metrics.hpp"
#include "train/model_card.hpp"
#include "train/progressive.hpp"
#include "train/run_configuration.hpp"
#include "train/run_progress.hpp"
#include "train/trainer.hpp"

// With the CMake target effv2::compiled: what it has compiled already.
#ifdef EFFV2_COMPILED
#  include "compiled.hpp"
#endif
