// The kernels of one scalar type, EFFV2_REAL: declared as instantiated elsewhere, or instantiated
// where EFFV2_INSTANTIATE is defined as nothing. compiled.hpp includes this for float, and who
// wants another type compiled once (this project's tests do, double) includes it again, hence no
// guard.
#include <cstdint>

#include "core/accumulator.hpp"
#include "core/execution.hpp"
#include "core/isa.hpp"
#include "core/tensor.hpp"
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
#include "kernels/orthogonalize.hpp"
#include "kernels/packed_matrix.hpp"
#include "kernels/pooling.hpp"
#include "kernels/squeeze_excite.hpp"
#include "kernels/window.hpp"
#include "kernels/winograd.hpp"

#ifndef EFFV2_REAL
#  define EFFV2_REAL float
#endif
#ifndef EFFV2_INSTANTIATE
#  define EFFV2_INSTANTIATE extern
#endif

namespace effv2::inline EFFV2_ISA::kernels {

EFFV2_INSTANTIATE template void pack(PackedMatrix<EFFV2_REAL>&, View<const EFFV2_REAL>,
                                     std::int64_t, std::int64_t, std::int64_t, Transpose,
                                     const Execution&);
EFFV2_INSTANTIATE template void indirect_gemm(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                              const PackedView<EFFV2_REAL>&, View<const EFFV2_REAL>,
                                              const TapPlan&, std::int64_t, const Execution&,
                                              const Epilogue<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void indirect_outer(const Accumulator<EFFV2_REAL>&,
                                               View<const EFFV2_REAL>, View<const EFFV2_REAL>,
                                               const TapPlan&, std::int64_t, std::int64_t,
                                               const Execution&);
EFFV2_INSTANTIATE template void winograd_conv2d(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                const PackedView<EFFV2_REAL>&,
                                                View<const EFFV2_REAL>, const WinogradGrid&,
                                                std::int64_t, const Execution&,
                                                const Epilogue<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void conv2d_pack(PackedMatrix<EFFV2_REAL>&, View<const EFFV2_REAL>,
                                            std::int64_t, std::int64_t, const Window&, Transpose,
                                            const Execution&);
EFFV2_INSTANTIATE template void conv2d_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                               const PackedView<EFFV2_REAL>&,
                                               View<const EFFV2_REAL>, const WindowPlan&,
                                               const Execution&, const Epilogue<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void conv2d_backward_data(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                     const PackedView<EFFV2_REAL>&,
                                                     const WindowPlan&, const Execution&,
                                                     View<const EFFV2_REAL>);
EFFV2_INSTANTIATE template void conv2d_backward_weights(const Accumulator<EFFV2_REAL>&,
                                                        View<const EFFV2_REAL>,
                                                        View<const EFFV2_REAL>, const WindowPlan&,
                                                        const Execution&);
EFFV2_INSTANTIATE template void bias_backward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                              const Execution&);
EFFV2_INSTANTIATE template void linear_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                               const PackedView<EFFV2_REAL>&,
                                               View<const EFFV2_REAL>, const Execution&,
                                               const Epilogue<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void linear_backward_data(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                     const PackedView<EFFV2_REAL>&,
                                                     const Execution&);
EFFV2_INSTANTIATE template void linear_backward_weights(const Accumulator<EFFV2_REAL>&,
                                                        View<const EFFV2_REAL>,
                                                        View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void depthwise_conv2d_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                         View<const EFFV2_REAL>,
                                                         View<const EFFV2_REAL>, const WindowPlan&,
                                                         const Execution&,
                                                         const Epilogue<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void depthwise_conv2d_backward_data(View<EFFV2_REAL>,
                                                               View<const EFFV2_REAL>,
                                                               View<const EFFV2_REAL>,
                                                               const WindowPlan&, const Execution&,
                                                               View<const EFFV2_REAL>);
EFFV2_INSTANTIATE template void depthwise_conv2d_backward_weights(const Accumulator<EFFV2_REAL>&,
                                                                  View<const EFFV2_REAL>,
                                                                  View<const EFFV2_REAL>,
                                                                  const WindowPlan&,
                                                                  const Execution&);
EFFV2_INSTANTIATE template void batch_norm_statistics(View<EFFV2_REAL>, View<EFFV2_REAL>,
                                                      View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void batch_norm_statistics(View<EFFV2_REAL>, View<EFFV2_REAL>,
                                                      const ChannelSums<EFFV2_REAL>&,
                                                      const Execution&);
EFFV2_INSTANTIATE template void batch_norm_update_running(View<EFFV2_REAL>, View<EFFV2_REAL>,
                                                          View<const EFFV2_REAL>,
                                                          View<const EFFV2_REAL>, std::int64_t,
                                                          double);
EFFV2_INSTANTIATE template void batch_norm_coefficients(View<EFFV2_REAL>, View<EFFV2_REAL>,
                                                        View<const EFFV2_REAL>,
                                                        View<const EFFV2_REAL>,
                                                        View<const EFFV2_REAL>,
                                                        View<const EFFV2_REAL>, double);
EFFV2_INSTANTIATE template void batch_norm_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                   const Normalization<EFFV2_REAL>&,
                                                   const Execution&, const Blend<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void batch_norm_backward(
    View<EFFV2_REAL>, View<EFFV2_REAL>, View<EFFV2_REAL>, View<const EFFV2_REAL>,
    View<const EFFV2_REAL>, const Normalization<EFFV2_REAL>&, View<const EFFV2_REAL>,
    View<const EFFV2_REAL>, double, Statistics, const Execution&, const Blend<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void batch_norm_fold(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                View<const EFFV2_REAL>);
EFFV2_INSTANTIATE template void activation_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                   ActivationKind, const Execution&);
EFFV2_INSTANTIATE template void activation_backward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                    View<const EFFV2_REAL>, ActivationKind,
                                                    const Execution&);
EFFV2_INSTANTIATE template void sigmoid_backward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                 View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void squeeze_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                const Execution&, const Normalization<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void excite_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                               View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void excite_backward_gate(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                     View<const EFFV2_REAL>, const Execution&,
                                                     const Normalization<EFFV2_REAL>&);
EFFV2_INSTANTIATE template void squeeze_excite_backward_data(View<EFFV2_REAL>,
                                                             View<const EFFV2_REAL>,
                                                             View<const EFFV2_REAL>,
                                                             View<const EFFV2_REAL>,
                                                             const Execution&);
EFFV2_INSTANTIATE template void global_average_pool_forward(View<EFFV2_REAL>,
                                                            View<const EFFV2_REAL>,
                                                            const Execution&);
EFFV2_INSTANTIATE template void global_average_pool_backward(View<EFFV2_REAL>,
                                                             View<const EFFV2_REAL>,
                                                             const Execution&);
EFFV2_INSTANTIATE template void average_pool_forward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                     const Window&, const Execution&);
EFFV2_INSTANTIATE template void average_pool_backward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                      const Window&, const Execution&);
EFFV2_INSTANTIATE template void max_pool_forward(View<EFFV2_REAL>, View<EFFV2_REAL>,
                                                 View<const EFFV2_REAL>, const Window&,
                                                 const Execution&);
EFFV2_INSTANTIATE template void max_pool_backward(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                                  View<const EFFV2_REAL>, const Window&,
                                                  const Execution&);
EFFV2_INSTANTIATE template void add(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                    View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void multiply(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                         View<const EFFV2_REAL>, const Execution&);
EFFV2_INSTANTIATE template void scale(View<EFFV2_REAL>, View<const EFFV2_REAL>, EFFV2_REAL,
                                      const Execution&);
EFFV2_INSTANTIATE template void scale_samples(View<EFFV2_REAL>, View<const EFFV2_REAL>,
                                              View<const EFFV2_REAL>, const Execution&);

EFFV2_INSTANTIATE template void orthogonalize(View<EFFV2_REAL>, const Execution&);

}  // namespace effv2::inline EFFV2_ISA::kernels

#undef EFFV2_REAL
