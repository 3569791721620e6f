// The C++ half of check_torchvision.py: load_torchvision MODEL FOLDER reads weights.safetensors and
// pictures.safetensors there and writes logits.safetensors and back.safetensors.
#include <cstdio>
#include <effv2/effv2.hpp>
#include <string>

using namespace effv2;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const std::string folder = std::string(argv[2]) + '/';
    const auto model = io::load_torchvision<float>(
                           io::SafetensorsFile::read(folder + "weights.safetensors"), argv[1])
                           .model;
    const Tensor<float> pictures =
        io::SafetensorsFile::read(folder + "pictures.safetensors").get<float>("pictures");
    nn::Context<float> context;
    io::SafetensorsWriter answers, back;
    answers.add("logits", model.infer(pictures, context));
    answers.write(folder + "logits.safetensors");
    io::add_weights(back, model, io::Naming::torchvision);
    back.write(folder + "back.safetensors");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
