// What a user's first program does: a small network, one training step, one answer.
#include <cstdio>
#include <effv2/effv2.hpp>

int main() {
  using namespace effv2;
  auto model = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  nn::Context<float> context;
  const Tensor<float> image({2, 28, 28, 1});
  const Tensor<float> logits = model.infer(image, context);
  std::printf("effv2 %s on %s, %d threads: %s\n", EFFV2_VERSION_STRING, EFFV2_ISA_NAME,
              context.execution.threads(), logits.shape().to_string().c_str());
  return logits.shape() == Shape{2, 10} ? 0 : 1;
}
