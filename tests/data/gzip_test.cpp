#include <effv2/data/gzip.hpp>
#include <effv2/data/idx.hpp>
#include <functional>
#include <vector>

#include "../catch.hpp"
#include "../support/temporary_folder.hpp"

namespace effv2::gzip_test {

using namespace effv2::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes compress(const Bytes& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes result(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 64);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

// An IDX file of `count` bytes, not all alike.
Bytes idx_of(std::uint32_t count) {
  Bytes bytes = {0, 0, 8, 1};
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(count >> shift));
  std::uint32_t noise = 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    noise = noise * 1664525 + 1013904223;
    bytes.push_back(static_cast<std::uint8_t>(noise >> 24 & 0x3F));
  }
  return bytes;
}

Tensor<std::uint8_t> read_compressed(const Bytes& compressed) {
  GzipSource source(std::make_unique<MemorySource>(compressed, "small.gz"));
  return read_idx<std::uint8_t>(source);
}

std::string message_of(const Bytes& compressed) {
  try {
    read_compressed(compressed);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::format);
    return error.what();
  }
  FAIL("no error");
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

TEST_CASE("gzip files and plain ones are read alike", "[data][gzip]") {
  const TemporaryFolder folder;
  // Larger than the buffer of compressed bytes.
  const Bytes plain = idx_of(200000), compressed = compress(plain);
  REQUIRE(compressed.size() > (1U << 14));
  for (const std::string& path : {folder.write("a.gz", compressed), folder.write("a", plain)}) {
    CHECK(encode_idx(read_idx<std::uint8_t>(path, open_gzip)) == plain);
  }
  CHECK_THROWS_AS(open_gzip(folder / "missing"), Error);
}

TEST_CASE("gzip members in a row are one file", "[data][gzip]") {
  const Bytes plain = idx_of(1000);
  const Bytes head(plain.begin(), plain.begin() + 500), tail(plain.begin() + 500, plain.end());
  CHECK(encode_idx(read_compressed(joined(compress(head), compress(tail)))) == plain);
}

TEST_CASE("every prefix of a gzip file is refused", "[data][gzip]") {
  const Bytes compressed = compress(idx_of(300));
  for (std::size_t length = 0; length < compressed.size(); ++length) {
    const Bytes prefix(compressed.begin(),
                       compressed.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_THROWS_AS(read_compressed(prefix), Error);
  }
  const Bytes cut(compressed.begin(), compressed.end() - 3);
  const std::string text = message_of(cut);
  CHECK(contains(text, "small.gz: byte " + std::to_string(cut.size())));
  CHECK(contains(text, "got the end of the file"));
}

TEST_CASE("a change of any byte of a gzip file is found, or harmless", "[data][gzip]") {
  const Bytes plain = idx_of(300), compressed = compress(plain);
  for (std::size_t position = 0; position < compressed.size(); ++position) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bytes = compressed;
      bytes[position] = static_cast<std::uint8_t>(bytes[position] ^ 1 << bit);
      try {
        const Bytes read = encode_idx(read_compressed(bytes));
        REQUIRE(read == plain);
        // Time stamp, operating system and the bits that fill up the last byte before checksum and
        // length say nothing about the content.
        const bool says_nothing = position < 10 || position == compressed.size() - 9;
        REQUIRE(says_nothing);
      } catch (const Error&) {
      }
    }
  }
}

TEST_CASE("what follows a gzip file is refused", "[data][gzip]") {
  const Bytes compressed = compress(idx_of(300));
  for (const Bytes& more : {Bytes{0}, Bytes{0x1F}, Bytes{1, 2, 3, 4}}) {
    CHECK_THROWS_AS(read_compressed(joined(compressed, more)), Error);
  }
  // Another member that holds bytes: these follow the last element.
  CHECK(contains(message_of(joined(compressed, compress({7}))), "expected the end"));
}

TEST_CASE("a gzip bomb is inflated no further than its header declares", "[data][gzip]") {
  Bytes bomb = idx_of(10);
  bomb.resize(bomb.size() + (64U << 20));
  Bytes compressed = compress(bomb);
  REQUIRE(compressed.size() < 100000);

  // Counts what is taken from the compressed file: the whole of it would be 64 kB.
  struct Counted final : ByteSource {
    MemorySource source;
    std::size_t& taken;
    Counted(const Bytes& bytes, std::size_t& count)
        : ByteSource("bomb"), source(bytes), taken(count) {}
    std::size_t read(std::span<std::uint8_t> target) override {
      const std::size_t count = source.read(target);
      taken += count;
      return count;
    }
    std::uint64_t bytes_at_most() const override { return source.bytes_at_most(); }
  };
  std::size_t taken = 0;
  GzipSource source(std::make_unique<Counted>(compressed, taken));
  CHECK_THROWS_AS(read_idx<std::uint8_t>(source), Error);
  CHECK(taken <= (1U << 14));
}

TEST_CASE("a gzip file that holds less than its header declares is refused", "[data][gzip]") {
  const Bytes plain = idx_of(100);
  for (std::size_t length = 0; length < plain.size(); ++length) {
    const Bytes prefix(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_THROWS_AS(read_compressed(compress(prefix)), Error);
  }
}

TEST_CASE("a header may not declare more than deflate can hold", "[data][gzip]") {
  Bytes liar = idx_of(10);
  liar[4] = 0x40;  // 1 GB, not to be allocated
  CHECK(contains(message_of(compress(liar)), "expected extents that fit"));
}

}  // namespace effv2::gzip_test
