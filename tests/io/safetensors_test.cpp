#include <cmath>
#include <cstring>
#include <effv2/io/safetensors.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::safetensors_test {

using namespace effv2::io;

namespace {

std::vector<std::uint8_t> file_of(const std::string& header, std::size_t data_bytes,
                                  std::int64_t length = -1) {
  const std::uint64_t prefix =
      length < 0 ? std::uint64_t{header.size()} : static_cast<std::uint64_t>(length);
  std::vector<std::uint8_t> file(8 + header.size() + data_bytes);
  std::memcpy(file.data(), &prefix, 8);
  std::memcpy(file.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_bytes; ++i) {
    file[8 + header.size() + i] = static_cast<std::uint8_t>(i);
  }
  return file;
}

SafetensorsFile parse(const std::vector<std::uint8_t>& bytes) {
  MemorySource source(bytes, "test.safetensors");
  return SafetensorsFile::read(source);
}

// What the error says; empty if there was none.
std::string complaint(const std::vector<std::uint8_t>& bytes) {
  try {
    static_cast<void>(parse(bytes));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::format);
    CHECK(std::string(error.what()).find("test.safetensors") != std::string::npos);
    return error.what();
  }
  return {};
}

SafetensorsWriter sample() {
  SafetensorsWriter writer;
  writer.metadata = {{"format", "pt"}, {"quote\"d", "line\nbreak \\ \xC3\xA4"}};
  writer.add("weights", Tensor<float>::from({2, 2}, std::vector<float>{1, -2, 0.5, 1e-40F}));
  writer.add("doubles", Tensor<double>::from({1}, std::vector<double>{0.1}));
  writer.add("count", Tensor<std::int64_t>::filled({}, 7));
  writer.add("nothing", Tensor<float>({0, 3}));
  return writer;
}

}  // namespace

TEST_CASE("what was written is read, bit for bit", "[safetensors]") {
  const TemporaryFolder folder;
  sample().write(folder / "a.safetensors");
  const SafetensorsFile file = SafetensorsFile::read(folder / "a.safetensors");
  CHECK(file.metadata() == sample().metadata);
  CHECK(file.entries().size() == 4);
  CHECK(file.entries().at("weights").shape == std::vector<std::int64_t>{2, 2});
  const Tensor<float> weights = file.get<float>("weights");
  CHECK(weights.shape() == Shape{2, 2});
  CHECK(std::vector<float>(weights.begin(), weights.end()) ==
        std::vector<float>{1, -2, 0.5, 1e-40F});
  CHECK(file.get<double>("doubles")[0] == 0.1);
  CHECK(file.get<std::int64_t>("count").shape() == Shape{});
  CHECK(file.get<std::int64_t>("count")[0] == 7);
  CHECK(file.get<float>("nothing").shape() == Shape{0, 3});
  CHECK(file.get<double>("weights")(0, 1) == -2.0);
  // Reading and writing again changes no byte.
  CHECK(sample().encode() == sample().encode());
}

TEST_CASE("the layout is the format's: wide numbers first, then names, a header of whole eights",
          "[safetensors]") {
  const std::vector<std::uint8_t> bytes = sample().encode();
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  const SafetensorsFile file = parse(bytes);
  CHECK(file.entries().at("count").begin == 0);
  CHECK(file.entries().at("doubles").begin == 8);
  CHECK(file.entries().at("nothing").begin == 16);
  CHECK(file.entries().at("weights").begin == 16);
  CHECK(bytes.size() == 8 + length + 32);
}

TEST_CASE("numbers of every type become the wanted one, if its kind is", "[safetensors]") {
  const auto one = [](const std::string& type, std::size_t bytes) {
    return parse(file_of("{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[1],\"data_offsets\":[0," +
                             std::to_string(bytes) + "]}}",
                         bytes));
  };
  // The data are the bytes 0, 1, 2, ...
  CHECK(one("U8", 1).get<std::int64_t>("x")[0] == 0);
  CHECK(one("I16", 2).get<std::int64_t>("x")[0] == 0x0100);
  CHECK(one("U16", 2).get<std::int64_t>("x")[0] == 0x0100);
  CHECK(one("I32", 4).get<std::int64_t>("x")[0] == 0x03020100);
  CHECK(one("I64", 8).get<std::int64_t>("x")[0] == 0x0706050403020100);
  CHECK(one("BF16", 2).get<float>("x")[0] == std::bit_cast<float>(0x01000000U));
  CHECK(one("F16", 2).get<float>("x")[0] == 256 * 0x1p-24F);
  CHECK_THROWS_AS(one("I64", 8).get<float>("x"), Error);
  CHECK_THROWS_AS(one("F32", 4).get<std::int64_t>("x"), Error);
  CHECK_THROWS_AS(one("U64", 8).get<std::int64_t>("x"), Error);
  CHECK_THROWS_AS(one("I64", 8).get<std::int32_t>("x"), Error);
  CHECK_THROWS_AS(one("U8", 1).get<std::int64_t>("y"), Error);
}

TEST_CASE("half and bfloat16 numbers", "[safetensors]") {
  using io::detail::from_bfloat, io::detail::from_half, io::detail::to_bfloat;
  CHECK(from_half(0x3C00) == 1.0F);
  CHECK(from_half(0xC000) == -2.0F);
  CHECK(from_half(0x7BFF) == 65504.0F);
  CHECK(from_half(0x0400) == 0x1p-14F);
  CHECK(from_half(0x83FF) == -1023 * 0x1p-24F);
  CHECK(std::isinf(from_half(0x7C00)));
  CHECK(std::isnan(from_half(0x7E00)));
  CHECK(to_bfloat(1.0F) == 0x3F80);
  CHECK(to_bfloat(std::bit_cast<float>(0x3F808000U)) == 0x3F80);  // a tie, to even
  CHECK(to_bfloat(std::bit_cast<float>(0x3F818000U)) == 0x3F82);
  CHECK(to_bfloat(std::bit_cast<float>(0x3F808001U)) == 0x3F81);
  CHECK(std::isnan(from_bfloat(to_bfloat(std::numeric_limits<float>::quiet_NaN()))));
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    REQUIRE(to_bfloat(from_bfloat(half)) == half);
  }
  SafetensorsWriter writer;
  const Tensor<float> x = Tensor<float>::from({3}, std::vector<float>{1, 2, -3});
  writer.add_bfloat16("x", x, x.shape());
  CHECK(testing::largest_difference(parse(writer.encode()).get<float>("x"), x) == 0.0);
}

TEST_CASE("damaged files are refused, each with its reason", "[safetensors]") {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(complaint(file_of("{" + x + "}", 8)).empty());
  const auto refused = [](const std::vector<std::uint8_t>& bytes, const std::string& reason) {
    const std::string text = complaint(bytes);
    CAPTURE(text, reason);
    CHECK(text.find(reason) != std::string::npos);
  };
  refused({1, 2, 3}, "fewer");
  refused(file_of("{}", 0, 3), "ends within");
  refused(file_of("{}", 0, 1'000'000'000'000), "expected at most");
  refused(file_of(" {" + x + "}", 8), "expected '{'");
  refused(file_of("", 0), "expected '{'");
  refused(file_of("{" + x + "} x", 8), "after the last brace");
  refused(file_of("{" + x + "," + x + "}", 8), "a second tensor");
  refused(file_of("{" + x + ",}", 8), "expected '\"'");
  refused(file_of("{" + x, 8), "ends too early");
  refused(file_of("{" + x + "}", 7), "shorter");
  refused(file_of("{" + x + "}", 9), "bytes after");
  const auto entry = [](const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return file_of("{\"x\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
                       ",\"data_offsets\":" + offsets + "}}",
                   8);
  };
  refused(entry("F31", "[2]", "[0,8]"), "unknown dtype");
  refused(entry("F8_E4M3", "[2]", "[0,8]"), "its shape and dtype say 2");
  refused(entry("F32", "[3]", "[0,8]"), "its shape and dtype say 12");
  refused(entry("F32", "[-2]", "[0,8]"), "whole number");
  refused(entry("F32", "[2.5]", "[0,8]"), "expected ','");
  refused(entry("F32", "[02]", "[0,8]"), "begins with 0");
  refused(entry("F32", "[[2]]", "[0,8]"), "whole number");
  refused(entry("F32", "[4294967296,4294967296,4]", "[0,8]"), "too large");
  refused(entry("F32", "[2]", "[8,0]"), "rising");
  refused(entry("F32", "[2]", "[0,8,8]"), "rising");
  refused(entry("F32", "[2]", "[0,99999999999999999999]"), "63 bits");
  refused(entry("F32", "[2]", "[0,8000]"), "its shape and dtype");
  refused(entry("F32", "[2]", "[4,12]"), "a gap");
  refused(entry("F32", "[200]", "[0,800]"), "shorter");
  refused(file_of(R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8), "a gap");
  refused(file_of(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},)"
                  R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                  8),
          "an overlap");
  refused(file_of(R"({"x":{"dtype":"F32","shape":[2]}})", 8), "lacks");
  refused(file_of(R"({"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
          "twice");
  refused(file_of(R"({"x":{"dtype":"F32","size":[2],"data_offsets":[0,8]}})", 8), "unknown field");
  refused(file_of(R"({"__metadata__":{"a":1}})", 0), "expected '\"'");
  refused(file_of(R"({"__metadata__":{"a":"1","a":"2"}})", 0), "a second \"a\"");
  refused(file_of(R"({"__metadata__":{},"__metadata__":{}})", 0), "a second __metadata__");
  refused(file_of("{\"a\nb\":1}", 0), "control character");
  refused(file_of("{\"gr\xFC\xDF"
                  "e\":1}",
                  0),
          "not UTF-8");
  refused(file_of(R"({"\x":1})", 0), "unknown escape");
  refused(file_of(R"({"\u12G4":1})", 0), "hexadecimal");
  refused(file_of(R"({"\uD83Dx":1})", 0), "surrogate");
  refused(file_of(R"({"\uDE00":1})", 0), "surrogate");
  refused(file_of(R"({"abc)", 0), "without an end");
  refused(file_of(R"({"abc\)", 0), "without an end");
}

TEST_CASE("every prefix and every change of a byte is an error or a file", "[safetensors]") {
  const std::vector<std::uint8_t> whole = sample().encode();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    REQUIRE_FALSE(
        complaint({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}).empty());
  }
  int survivors = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::vector<std::uint8_t> changed = whole;
      changed[at] = static_cast<std::uint8_t>(value);
      if (!complaint(changed).empty()) continue;
      ++survivors;
      // Then it can be read to the end.
      const SafetensorsFile file = parse(changed);
      for (const auto& [name, entry] : file.entries()) {
        const auto type = entry.type;
        if (type == NumberType::f32 || type == NumberType::f64) {
          REQUIRE(file.get<double>(name).size() == entry.size());
        }
      }
    }
  }
  CHECK(survivors > 0);
}

TEST_CASE("a name is written once, with as many numbers as its shape has", "[safetensors]") {
  SafetensorsWriter writer = sample();
  CHECK_THROWS_AS(writer.add("count", Tensor<float>({1})), Error);
  CHECK_THROWS_AS(writer.add("__metadata__", Tensor<float>({1})), Error);
  CHECK_THROWS_AS(writer.add<float>("other", Tensor<float>({2}).view(), Shape{3}), Error);
}

TEST_CASE("numbers that are not read may be in a file beside what is", "[safetensors]") {
  for (const std::string type : {"F8_E4M3", "F8_E5M2", "F8_E8M0", "C64"}) {
    const std::int64_t count = type == "C64" ? 1 : 8;
    const SafetensorsFile file = parse(file_of(
        concat(R"({"x":{"dtype":")", type, R"(","shape":[)", count,
               R"(],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})"),
        16));
    CHECK(file.get<float>("y").size() == 2);
    CHECK(file.entries().at("x").size() == count);
    CHECK_THROWS_AS(file.get<float>("x"), Error);
    CHECK_THROWS_AS(file.flat<std::int64_t>("x"), Error);
  }
}

}  // namespace effv2::safetensors_test
