#include <effv2/search/journal.hpp>
#include <string>
#include <string_view>

#include "fuzz.hpp"

void fuzz(Bytes bytes) {
  using namespace effv2;
  static const std::string name = "journal";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto [contents, size] = search::parse_journal(text, name);
  if (size == 0) return;
  // What is accepted is what is written.
  std::string again = search::detail::first_line(contents.configuration, contents.layer_times);
  for (const search::Record& record : contents.records) again += search::detail::to_line(record);
  if (again != text.substr(0, static_cast<std::size_t>(size))) __builtin_trap();
}
