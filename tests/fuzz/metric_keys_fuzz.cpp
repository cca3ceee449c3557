// Any text as a part of a counter's name, as a whole one and as a pattern: a segment stays a segment, and matching ends.
#include "config/metric_keys.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/glob.hpp"
#include "runtime/printable.hpp"
#include "runtime/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

void check(std::string_view text) {
  const auto segment = metric_segment(text);
  expect(!segment.empty() && segment.size() <= 64, "a segment of a wrong size");
  expect(segment.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == segment.npos,
         "a segment with other bytes: " + segment);
  expect(metric_segment(segment) == segment, "a segment is not itself");
  static metric_values values;
  expect(is_counter_key(values.key("fuzzed", text)), "outside text makes a key that is none");
  if (is_counter_key(text))
    expect(text.find_first_of("{}\n\r") == text.npos && !text.empty() && text.size() <= 200 && is_clean_utf8(text),
           "a key that breaks its record's name or its JSON");
  const auto shown = printable(text, 100);
  expect(shown.size() <= 100 && is_clean_utf8(shown) && shown.find('\n') == shown.npos, "not fit to be shown");
  const auto middle = text.size() / 2;
  (void)glob_matches(text.substr(0, middle), text.substr(middle));
  if (text.find_first_of("*?[\\") == text.npos)
    expect(glob_matches(text, text), "a plain pattern does not match itself");
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
