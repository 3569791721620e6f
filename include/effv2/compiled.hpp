// What effv2::compiled builds once for float, so that the files that use it need not. Included by
// effv2.hpp where EFFV2_COMPILED is defined, which that CMake target does.
//
// The kernels are what takes time to compile; a layer by itself does not. So the layers' kernels
// are here, and of the rest what a program calls as a whole: the builder, the training loop, files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/accumulator.hpp"
#include "core/execution.hpp"
#include "core/isa.hpp"
#include "core/tensor.hpp"
#include "data/dataset.hpp"
#include "data/loader.hpp"
#include "io/checkpoint.hpp"
#include "io/model_file.hpp"
#include "io/parameter_names.hpp"
#include "io/safetensors.hpp"
#include "kernels/activation.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/bias.hpp"
#include "kernels/blend.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/depthwise_conv2d.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/indirect_gemm.hpp"
#include "kernels/indirect_outer.hpp"
#include "kernels/linear.hpp"
#include "kernels/packed_matrix.hpp"
#include "kernels/pooling.hpp"
#include "kernels/squeeze_excite.hpp"
#include "kernels/window.hpp"
#include "kernels/winograd.hpp"
#include "models/efficientnet.hpp"
#include "nn/context.hpp"
#include "train/trainer.hpp"

// The target's own source file defines EFFV2_INSTANTIATE as nothing.
#ifndef EFFV2_INSTANTIATE
#  define EFFV2_INSTANTIATE extern
#endif

namespace effv2::inline EFFV2_ISA {

namespace kernels {

using Values = View<float>;
using Inputs = View<const float>;

EFFV2_INSTANTIATE template void pack<float>(PackedMatrix<float>&, Inputs, std::int64_t,
                                            std::int64_t, std::int64_t, Transpose,
                                            const Execution&);
EFFV2_INSTANTIATE template void indirect_gemm<float>(Values, Inputs, const PackedView<float>&,
                                                     Inputs, const TapPlan&, std::int64_t,
                                                     const Execution&, const Epilogue<float>&);
EFFV2_INSTANTIATE template void indirect_outer<float>(const Accumulator<float>&, Inputs, Inputs,
                                                      const TapPlan&, std::int64_t, std::int64_t,
                                                      const Execution&);
EFFV2_INSTANTIATE template void winograd_conv2d<float>(Values, Inputs, const PackedView<float>&,
                                                       Inputs, const WinogradGrid&, std::int64_t,
                                                       const Execution&, const Epilogue<float>&);
EFFV2_INSTANTIATE template void conv2d_pack<float>(PackedMatrix<float>&, Inputs, std::int64_t,
                                                   std::int64_t, const Window&, Transpose,
                                                   const Execution&);
EFFV2_INSTANTIATE template void conv2d_forward<float>(Values, Inputs, const PackedView<float>&,
                                                      Inputs, const WindowPlan&, const Execution&,
                                                      const Epilogue<float>&);
EFFV2_INSTANTIATE template void conv2d_backward_data<float>(Values, Inputs,
                                                            const PackedView<float>&,
                                                            const WindowPlan&, const Execution&,
                                                            Inputs);
EFFV2_INSTANTIATE template void conv2d_backward_weights<float>(const Accumulator<float>&, Inputs,
                                                               Inputs, const WindowPlan&,
                                                               const Execution&);
EFFV2_INSTANTIATE template void bias_backward<float>(Values, Inputs, const Execution&);
EFFV2_INSTANTIATE template void linear_forward<float>(Values, Inputs, const PackedView<float>&,
                                                      Inputs, const Execution&,
                                                      const Epilogue<float>&);
EFFV2_INSTANTIATE template void linear_backward_data<float>(Values, Inputs,
                                                            const PackedView<float>&,
                                                            const Execution&);
EFFV2_INSTANTIATE template void linear_backward_weights<float>(const Accumulator<float>&, Inputs,
                                                               Inputs, const Execution&);
EFFV2_INSTANTIATE template void depthwise_conv2d_forward<float>(Values, Inputs, Inputs, Inputs,
                                                                const WindowPlan&, const Execution&,
                                                                const Epilogue<float>&);
EFFV2_INSTANTIATE template void depthwise_conv2d_backward_data<float>(Values, Inputs, Inputs,
                                                                      const WindowPlan&,
                                                                      const Execution&, Inputs);
EFFV2_INSTANTIATE template void depthwise_conv2d_backward_weights<float>(const Accumulator<float>&,
                                                                         Inputs, Inputs,
                                                                         const WindowPlan&,
                                                                         const Execution&);
EFFV2_INSTANTIATE template void batch_norm_statistics<float>(Values, Values, Inputs,
                                                             const Execution&);
EFFV2_INSTANTIATE template void batch_norm_statistics<float>(Values, Values,
                                                             const ChannelSums<float>&,
                                                             const Execution&);
EFFV2_INSTANTIATE template void batch_norm_update_running<float>(Values, Values, Inputs, Inputs,
                                                                 std::int64_t, double);
EFFV2_INSTANTIATE template void batch_norm_coefficients<float>(Values, Values, Inputs, Inputs,
                                                               Inputs, Inputs, double);
EFFV2_INSTANTIATE template void batch_norm_forward<float>(Values, Inputs,
                                                          const Normalization<float>&,
                                                          const Execution&, const Blend<float>&);
EFFV2_INSTANTIATE template void batch_norm_backward<float>(Values, Values, Values, Inputs, Inputs,
                                                           const Normalization<float>&, Inputs,
                                                           Inputs, double, Statistics,
                                                           const Execution&, const Blend<float>&);
EFFV2_INSTANTIATE template void batch_norm_fold<float>(Values, Inputs, Inputs);
EFFV2_INSTANTIATE template void activation_forward<float>(Values, Inputs, ActivationKind,
                                                          const Execution&);
EFFV2_INSTANTIATE template void activation_backward<float>(Values, Inputs, Inputs, ActivationKind,
                                                           const Execution&);
EFFV2_INSTANTIATE template void sigmoid_backward<float>(Values, Inputs, Inputs, const Execution&);
EFFV2_INSTANTIATE template void squeeze_forward<float>(Values, Inputs, const Execution&,
                                                       const Normalization<float>&);
EFFV2_INSTANTIATE template void excite_forward<float>(Values, Inputs, Inputs, const Execution&);
EFFV2_INSTANTIATE template void excite_backward_gate<float>(Values, Inputs, Inputs,
                                                            const Execution&,
                                                            const Normalization<float>&);
EFFV2_INSTANTIATE template void squeeze_excite_backward_data<float>(Values, Inputs, Inputs, Inputs,
                                                                    const Execution&);
EFFV2_INSTANTIATE template void global_average_pool_forward<float>(Values, Inputs,
                                                                   const Execution&);
EFFV2_INSTANTIATE template void global_average_pool_backward<float>(Values, Inputs,
                                                                    const Execution&);
EFFV2_INSTANTIATE template void average_pool_forward<float>(Values, Inputs, const Window&,
                                                            const Execution&);
EFFV2_INSTANTIATE template void average_pool_backward<float>(Values, Inputs, const Window&,
                                                             const Execution&);
EFFV2_INSTANTIATE template void max_pool_forward<float>(Values, Values, Inputs, const Window&,
                                                        const Execution&);
EFFV2_INSTANTIATE template void max_pool_backward<float>(Values, Inputs, Inputs, const Window&,
                                                         const Execution&);
EFFV2_INSTANTIATE template void add<float>(Values, Inputs, Inputs, const Execution&);
EFFV2_INSTANTIATE template void multiply<float>(Values, Inputs, Inputs, const Execution&);
EFFV2_INSTANTIATE template void scale<float>(Values, Inputs, float, const Execution&);
EFFV2_INSTANTIATE template void scale_samples<float>(Values, Inputs, Inputs, const Execution&);

}  // namespace kernels

namespace models {

EFFV2_INSTANTIATE template EfficientNet<float> efficientnet<float>(const ModelSpec&,
                                                                   const EfficientNetOptions&,
                                                                   std::uint64_t);
EFFV2_INSTANTIATE template EfficientNet<float> efficientnet<float>(std::string_view,
                                                                   const EfficientNetOptions&,
                                                                   std::uint64_t);

}  // namespace models

namespace train {

using FloatNet = models::EfficientNet<float>;

EFFV2_INSTANTIATE template Evaluation evaluate<FloatNet>(const FloatNet&, const data::Dataset&,
                                                         const data::LoaderOptions&,
                                                         nn::Context<float>&);
EFFV2_INSTANTIATE template class Trainer<FloatNet>;
EFFV2_INSTANTIATE template FitResult fit<FloatNet>(FloatNet&, const data::Dataset&,
                                                   const data::Dataset&, const FitOptions&,
                                                   const Callbacks&);

}  // namespace train

namespace io {

EFFV2_INSTANTIATE template void save_model<float>(const std::string&,
                                                  const models::EfficientNet<float>&,
                                                  const ModelCard&, Naming);
EFFV2_INSTANTIATE template LoadedModel<float> load_model<float>(const std::string&);
EFFV2_INSTANTIATE template void save_checkpoint<train::Trainer<train::FloatNet>>(
    const std::string&, train::Trainer<train::FloatNet>&);
EFFV2_INSTANTIATE template void load_checkpoint<train::Trainer<train::FloatNet>>(
    const SafetensorsFile&, train::Trainer<train::FloatNet>&);

}  // namespace io

}  // namespace effv2::inline EFFV2_ISA
