// What effv2::compiled builds once for float, so that the files that use it need not. Included by
// effv2.hpp where EFFV2_COMPILED is defined, which that CMake target does.
//
// The kernels are what takes time to compile; a layer by itself does not. So the layers' kernels
// are here, and of the rest what a program calls as a whole: the builder, the training loop, files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiled_kernels.hpp"
#include "core/isa.hpp"
#include "data/dataset.hpp"
#include "data/loader.hpp"
#include "io/checkpoint.hpp"
#include "io/model_file.hpp"
#include "io/parameter_names.hpp"
#include "io/safetensors.hpp"
#include "models/efficientnet.hpp"
#include "nn/context.hpp"
#include "train/trainer.hpp"

// The target's own source file defines EFFV2_INSTANTIATE as nothing.
#ifndef EFFV2_INSTANTIATE
#  define EFFV2_INSTANTIATE extern
#endif

namespace effv2::inline EFFV2_ISA {

namespace data {

EFFV2_INSTANTIATE template class Loader<float>;

}  // namespace data

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
EFFV2_INSTANTIATE template LoadedModel<float> load_model<float>(const SafetensorsFile&);
EFFV2_INSTANTIATE template void save_checkpoint<train::Trainer<train::FloatNet>>(
    const std::string&, train::Trainer<train::FloatNet>&);
EFFV2_INSTANTIATE template void load_checkpoint<train::Trainer<train::FloatNet>>(
    const SafetensorsFile&, train::Trainer<train::FloatNet>&);

}  // namespace io

}  // namespace effv2::inline EFFV2_ISA
