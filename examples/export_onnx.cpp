// Writes a trained network as ONNX, for programs that run it without this library:
//
//   export_onnx MODEL.safetensors OUT.onnx [HEIGHT WIDTH]
//
// The model is a file that mnist_train --out or finetune left. Input: "images", N x C x H x W of
// floats, normalised with the mean and deviation that stand in the metadata; output: "logits".
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <exception>
#include <string>

#include "distinct_files.hpp"
#include "whole_number.hpp"

using namespace effv2;

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "usage: export_onnx MODEL.safetensors OUT.onnx [HEIGHT WIDTH]\n");
    return 2;
  }
  try {
    check_distinct(argv[2], argv[1]);
    const auto [model, card] = io::load_model<float>(argv[1]);
    PictureSize size = card.image_size;
    if (argc == 5) {
      size = {whole_number(argv[3], "a height", 1, 1 << 16),
              whole_number(argv[4], "a width", 1, 1 << 16)};
    }
    EFFV2_CHECK(size.is_given(), ErrorCode::invalid_argument, argv[1],
                " does not say how large its pictures are: give HEIGHT WIDTH");
    const auto [height, width] = size;
    io::export_onnx(argv[2], model, {height, width, model.options.in_channels},
                    {.metadata = io::model_metadata(model, card)});
    std::printf("%s: images (N, %lld, %lld, %lld) -> logits (N, %lld)\n", argv[2],
                static_cast<long long>(model.options.in_channels), static_cast<long long>(height),
                static_cast<long long>(width), static_cast<long long>(model.options.classes));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "export_onnx: %s\n", error.what());
    return 2;
  }
}
