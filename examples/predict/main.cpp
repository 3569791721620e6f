// Asks a trained network what is in pictures:
//
//   predict digit.png             the network for digits that comes with the examples
//   predict --model M.safetensors folder/   another one, and all pictures of a folder
//   predict --json - <photo.jpg   a picture from standard input; an answer for programs
//
//   predict --digits --model M.safetensors digit.png
//
// The model is a file that mnist_train --out or finetune left, or io::save_model with a card;
// everything else is in it. With --digits, and with the network of the examples, a picture may be
// of any size, dark on light or light on dark: the digit in it is found, scaled and centred as
// MNIST's are.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <exception>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "../picture_network.hpp"
#include "../written_out.hpp"
#include "digit.hpp"
#include "inputs.hpp"

using namespace effv2;

namespace {

struct Options {
  std::string model;
  std::vector<std::string> inputs;
  std::int64_t top = 3;
  int threads = 0;
  bool json = false, digits = false;
};

struct Answer {
  std::string name;
  double probability;
};

// A network that is asked about pictures, or about digits, which it looks for in them.
class Reader {
 public:
  Reader(const std::string& path, bool reads_digits, int threads)
      : network_(loaded(path)), reads_digits_(reads_digits), classifier_(network_, threads) {
    EFFV2_CHECK(channels() == 1 || !reads_digits, ErrorCode::unsupported, path,
                " wants colours, digits have none");
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  int channels() const { return static_cast<int>(network_.model.options.in_channels); }

  /// The `top` most probable classes, the best first.
  std::vector<Answer> read(const Tensor<std::uint8_t>& picture, std::int64_t top) {
    // Light digits of MNIST's size, or of the network's, are as they should be; others have other
    // borders.
    const PictureSize size(picture.extent(0), picture.extent(1));
    const bool has_size = size == digit_size || size == network_.card.image_size;
    const bool is_drawn = reads_digits_ && !(has_size && is_light_on_dark(picture));
    const Tensor<float> probabilities =
        is_drawn ? classifier_(centred_digit(picture)) : classifier_(picture);

    std::vector<std::int64_t> order(static_cast<std::size_t>(probabilities.size()));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
    });
    order.resize(std::min(order.size(), static_cast<std::size_t>(top)));
    std::vector<Answer> answers;
    for (const std::int64_t k : order) {
      answers.push_back({network_.card.class_name(k), static_cast<double>(probabilities[k])});
    }
    return answers;
  }

 private:
  static io::LoadedModel<float> loaded(const std::string& path) {
    io::LoadedModel<float> network = io::load_model<float>(path);
    check_takes_pictures(network, path);
    return network;
  }

  io::LoadedModel<float> network_;
  bool reads_digits_;
  train::Classifier<float> classifier_;
};

// One line per picture.
void print(const std::string& picture, const std::vector<Answer>& answers, bool as_json) {
  std::string line;
  if (as_json) {
    nlohmann::ordered_json record = {{"picture", picture}, {"top", nlohmann::json::array()}};
    for (const auto& [name, probability] : answers) {
      record["top"].push_back({{"class", name}, {"probability", probability}});
    }
    line = record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    line = picture + ':';
    for (const auto& [name, probability] : answers) {
      char text[32];
      std::snprintf(text, sizeof text, " %.1f %%", 100.0 * probability);
      line += (&name == &answers.front().name ? " " : ", ") + name + text;
    }
  }
  std::printf("%s\n", line.c_str());
}

// False where only help was wanted.
bool parse(int argc, char** argv, Options& o) {
  CLI::App app("Says what is in pictures.", "predict");
  app.add_option("PICTURE", o.inputs,
                 "picture, folder, IDX file of images, or - for standard input")
      ->required();
  app.add_option("--model", o.model,
                 "a file that says what it is; the examples' network for digits");
  app.add_flag("--digits", o.digits, "the pictures are drawn digits: finds and centres them");
  app.add_option("--top", o.top, "so many answers")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", o.threads, "0: all cores")->check(CLI::Range(0, 256));
  app.add_flag("--json", o.json, "an object per line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request), false;
  }
  if (o.model.empty()) {
    o.model = EFFV2_SOURCE_DIR "/examples/data/mnist_tiny.safetensors";
    o.digits = true;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int code = 0;
  const auto complain = [&code](const std::exception& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    code = 2;
  };
  try {
    Options options;
    if (!parse(argc, argv, options)) return 0;
    Reader reader(options.model, options.digits, options.threads);
    for (const std::string& input : options.inputs) {
      for_each_picture(
          input, reader.channels(),
          [&](const std::string& name, const Tensor<std::uint8_t>& picture) {
            print(name, reader.read(picture, options.top), options.json);
          },
          complain);
    }
    check_written_out();
  } catch (const std::exception& error) {
    complain(error);
  }
  return code;
}
