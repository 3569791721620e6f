#include <effv2/io/protobuf.hpp>

#include "../catch.hpp"

namespace effv2::protobuf_test {

using effv2::io::detail::Message;

// The examples of the format's own description (protobuf.dev, "Encoding").
TEST_CASE("fields are written as protobuf wants them", "[protobuf]") {
  CHECK(Message().integer(1, 150).bytes() == "\x08\x96\x01");
  CHECK(Message().integer(1, 300).bytes() == "\x08\xac\x02");
  CHECK(Message().text(2, "testing").bytes() == "\x12\x07testing");
  CHECK(Message().message(3, Message().integer(1, 150)).bytes() == "\x1a\x03\x08\x96\x01");
  CHECK(Message().real(2, 1.0F).bytes() == std::string("\x15\0\0\x80\x3f", 5));
  CHECK(Message().integer(20, 0).bytes() == std::string("\xa0\x01\0", 3));
  // Negative numbers are as long as 64 bits get.
  CHECK(Message().integer(1, -1).bytes() == "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  CHECK(Message().bytes().empty());
}

}  // namespace effv2::protobuf_test
