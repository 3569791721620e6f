// make_corpus FOLDER: small valid inputs for every fuzzer, FOLDER/TARGET/NAME.
#include <zlib.h>

#include <cstdio>
#include <effv2/core/atomic_file.hpp>
#include <effv2/data/idx.hpp>
#include <effv2/io/checkpoint.hpp>
#include <effv2/io/model_file.hpp>
#include <effv2/search/journal.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "../support/checkpoint_run.hpp"

using namespace effv2;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(bytes.size() + 100);
  Bytes input = bytes;
  stream.next_in = input.data(), stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = packed.data(), stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Bytes network() {
  models::ModelSpec spec;
  spec.name = "small", spec.stem = 8, spec.head = 8, spec.stage_count = 2;
  spec.table[0] = {models::BlockKind::fused_mbconv, 1, 1, 1, 1, 8, 8};
  spec.table[1] = {models::BlockKind::mbconv, 1, 3, 1, 1, 8, 8};
  models::EfficientNet<float> net(spec, {.in_channels = 1, .classes = 2});
  nn::initialize(net, 1);
  return io::encode_model(
             net, {.class_names = {"a", "b"}, .image_size = 8, .mean = {0.5}, .deviation = {0.5}})
      .encode();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto write = [&](const std::string& name, const Bytes& bytes) {
    const auto path = std::filesystem::path(argv[1]) / name;
    std::filesystem::create_directories(path.parent_path());
    write_file(path.string(), bytes);
  };
  const Bytes images = data::encode_idx(Tensor<std::uint8_t>({2, 3, 4}));
  write("idx/images", images);
  write("idx/labels", data::encode_idx(Tensor<std::uint8_t>({5})));
  write("idx/floats", data::encode_idx(Tensor<float>({2, 2})));
  write("gzip/images", gzip(images));
  Bytes twice = gzip(images);
  twice.insert(twice.end(), twice.begin(), twice.end());
  write("gzip/two-members", twice);
  write("image_folder/pictures", Bytes(60, 3));

  io::SafetensorsWriter writer;
  writer.metadata = {{"key", "a \"quoted\" \n value"}};
  writer.add("weights", Tensor<float>({2, 3}));
  writer.add("count", Tensor<std::int64_t>(Shape{}));
  writer.add("bytes", Tensor<std::uint8_t>({3}));
  writer.add_bfloat16("half", Tensor<float>({2}), {2});
  const Bytes file = writer.encode();
  write("safetensors/small", file);
  write("header/small", Bytes(file.begin() + 8, file.begin() + 8 + file[0] + 256 * file[1]));
  write("model/small", network());

  search::Record record{.candidate = search::Candidate::parse("F1k3e1-M2k5e6"),
                        .measurement = {0.875, 1.25, 1234, 567890, 1},
                        .predicted_step_time = 1.5,
                        .reward = 0.75,
                        .seconds = 2.5};
  std::string journal = search::detail::first_line("seed 1\n\"note\"", {{"stem", 0.00125}}) +
                        search::detail::to_line(record);
  record.index = 1;
  journal += search::detail::to_line(record);
  write("journal/two-records", Bytes(journal.begin(), journal.end()));

  CheckpointRun run;
  const std::string path = std::string(argv[1]) + "/checkpoint/small";
  std::filesystem::create_directories(std::string(argv[1]) + "/checkpoint");
  io::save_checkpoint(path, run);
}
