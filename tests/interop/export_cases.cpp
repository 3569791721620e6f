// The C++ half of check_onnx.mjs: export_cases FOLDER [MODEL.safetensors MNIST_DIR] leaves, for
// every case, CASE.onnx, CASE.images (floats, NCHW), CASE.logits (what this library says) and a
// line in cases.txt: CASE PICTURES C H W CLASSES.
#include <cstdio>
#include <cstring>
#include <effv2/data/gzip.hpp>
#include <effv2/effv2.hpp>
#include <string>

#include "../support/random.hpp"

using namespace effv2;

namespace {

class Cases {
 public:
  explicit Cases(std::string folder)
      : folder_(std::move(folder)), list_(std::fopen((folder_ + "/cases.txt").c_str(), "w")) {}

  template <class Model>
  void add(const std::string& name, const Model& model, const Tensor<float>& x,
           const io::OnnxOptions& options = {}) {
    const std::string path = folder_ + '/' + name;
    const Shape image{x.extent(1), x.extent(2), x.extent(3)};
    io::export_onnx(path + ".onnx", model, image, options);
    nn::Context<float> context;
    constexpr std::int64_t at_a_time = 100;
    Tensor<float> logits;
    std::int64_t classes = 0;
    std::vector<float> all;
    for (std::int64_t first = 0; first < x.extent(0); first += at_a_time) {
      const std::int64_t count = std::min(at_a_time, x.extent(0) - first);
      Tensor<float> part({count, image[0], image[1], image[2]});
      std::copy_n(x.data() + first * image.size(), part.size(), part.data());
      logits = model.infer(part, context);
      classes = logits.extent(1);
      all.insert(all.end(), logits.begin(), logits.end());
    }
    write(path + ".logits", all.data(), all.size());
    std::vector<float> nchw;
    for (std::int64_t n = 0; n < x.extent(0); ++n) {
      for (std::int64_t c = 0; c < image[2]; ++c) {
        for (std::int64_t p = 0; p < image[0] * image[1]; ++p) {
          nchw.push_back(x[(n * image[0] * image[1] + p) * image[2] + c]);
        }
      }
    }
    write(path + ".images", nchw.data(), nchw.size());
    std::fprintf(list_.get(), "%s %lld %lld %lld %lld %lld\n", name.c_str(),
                 static_cast<long long>(x.extent(0)), static_cast<long long>(image[2]),
                 static_cast<long long>(image[0]), static_cast<long long>(image[1]),
                 static_cast<long long>(classes));
  }

 private:
  static void write(const std::string& path, const float* values, std::size_t count) {
    write_file(path, {reinterpret_cast<const std::uint8_t*>(values), count * sizeof(float)});
  }

  std::string folder_;
  FileHandle list_;
};

Tensor<float> pictures(Shape shape) {
  Tensor<float> x(shape);
  testing::Dice dice(7);
  for (float& value : x) value = static_cast<float>(dice.uniform(-2.0, 2.0));
  return x;
}

// Batch norms as after a training. (Larger gammas would let the numbers grow from block to block,
// until rounding decides.)
template <class Model>
Model trained(Model model) {
  testing::Dice dice(8);
  const auto draw = [&](const std::string& path, auto& variable) {
    if (path.find("bn.") == path.npos && path.find(".bias") == path.npos) return;
    for (float& value : variable.edit()) {
      value = static_cast<float>(path.ends_with("weight") ? dice.uniform(0.2, 0.8)
                                 : path.ends_with("var")  ? dice.uniform(0.8, 1.6)
                                                          : dice.uniform(-0.3, 0.3));
    }
  };
  nn::for_each_parameter(model, draw);
  nn::for_each_state(model, draw);
  return model;
}

models::EfficientNet<float> network(const char* name, nn::ActivationKind activation,
                                    kernels::Padding padding) {
  models::EfficientNetOptions o{.in_channels = 3, .classes = 7};
  o.defaults.activation = activation, o.defaults.padding = padding;
  return trained(models::efficientnet<float>(name, o, 5));
}

// Every layer that the EfficientNets have no use for.
nn::Sequential<float> odd_ones() {
  nn::Sequential<float> net(
      nn::Conv2d<float>({.in_channels = 3, .out_channels = 8, .kernel = 3, .bias = true}),
      nn::Activation<float>{nn::ActivationKind::relu},
      nn::MaxPool<float>{{.kernel = 3, .stride = 2, .padding = kernels::Padding::symmetric}},
      nn::BatchNorm<float>({.channels = 8, .activation = nn::ActivationKind::sigmoid}),
      nn::AveragePool<float>{{.kernel = 3, .stride = 2, .padding = kernels::Padding::same}},
      nn::Dropout<float>{0.5}, nn::Flatten<float>{}, nn::Linear<float>(4 * 4 * 8, 5));
  nn::initialize(net, 3);
  return trained(std::move(net));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  try {
    Cases cases(argv[1]);
    using nn::ActivationKind, kernels::Padding;
    const Tensor<float> x = pictures({5, 33, 40, 3});
    cases.add("s", network("s", ActivationKind::silu, Padding::symmetric), x);
    cases.add("s-kept", network("s", ActivationKind::silu, Padding::symmetric), x,
              {.fold_batch_norm = false});
    cases.add("b0-same", network("b0", ActivationKind::hard_swish, Padding::same), x);
    cases.add("v1-b0-relu", network("v1-b0", ActivationKind::relu, Padding::symmetric), x);
    cases.add("odd", odd_ones(), pictures({9, 16, 16, 3}));
    if (argc == 4) {
      const auto [model, card] = io::load_model<float>(argv[2]);
      const data::Dataset test = data::load_mnist(argv[3], data::Split::test, data::open_gzip);
      data::Loader<float> loader(test, {.batch_size = test.size(),
                                        .mean = card.mean,
                                        .deviation = card.deviation,
                                        .shuffle = false});
      loader.start(0);
      cases.add("mnist", model, loader.next()->images,
                {.metadata = io::model_metadata(model, card)});
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
