// LeNet-5's training step in libtorch, one thread: images per CPU second, one JSON line.
#include <sys/resource.h>
#include <torch/torch.h>

#include <cstdio>
#include <ctime>

struct LeNet : torch::nn::Module {
  torch::nn::Conv2d first{torch::nn::Conv2dOptions(1, 6, 5).padding(2)},
      second{torch::nn::Conv2dOptions(6, 16, 5)};
  torch::nn::Linear a{400, 120}, b{120, 84}, c{84, 10};

  LeNet() {
    register_module("first", first), register_module("second", second);
    register_module("a", a), register_module("b", b), register_module("c", c);
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(first(x)), 2);
    x = torch::max_pool2d(torch::relu(second(x)), 2);
    return c(torch::relu(b(torch::relu(a(x.flatten(1))))));
  }
};

int main() {
  torch::set_num_threads(1);
  at::globalContext().setFlushDenormal(true);
  torch::manual_seed(1);
  LeNet net;
  torch::optim::AdamW optimizer(net.parameters(), torch::optim::AdamWOptions(1e-4));
  constexpr int batch = 64;
  const torch::Tensor x = torch::randn({batch, 1, 28, 28});
  const torch::Tensor labels = torch::randint(0, 10, {batch}, torch::kLong);
  const auto step = [&] {
    optimizer.zero_grad();
    torch::nn::functional::cross_entropy(net.forward(x), labels).backward();
    optimizer.step();
  };
  for (int i = 0; i < 50; ++i) step();
  const std::clock_t begin = std::clock();
  constexpr int steps = 1000;
  for (int i = 0; i < steps; ++i) step();
  const double cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"value\": %.6g, \"rss_mib\": %.1f, \"version\": \"%s\"}\n", batch * steps / cpu,
              static_cast<double>(usage.ru_maxrss) / 1024.0, TORCH_VERSION);
}
