// Whatever the exchange or another program may send: no crash, both readers of exchangeInfo agree, and a table that is
// read survives the store unchanged.
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/exchange_info.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_simple_exchange_info.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

void check(std::string_view body) {
  if (const auto difference = test::difference_between_readers(body))
    expect(false, "the readers differ: " + *difference);
  (void)decode_symbols(body, {});
  (void)read_symbol_list(body, {});
  const auto info = read_exchange_info(std::string{body}, {{"USDT"}, {"BTC"}});
  if (!info || info->table->size() == 0)
    return;
  const auto decoded = decode_symbols(encode_symbols({.table = info->table}), {{"USDT"}, {"BTC"}});
  expect(decoded.has_value(), "what was encoded is refused");
  expect(decoded->table->content_hash() == info->table->content_hash(), "the store changed a table");
  expect(info->table->listed().empty() || read_symbol_list(info->table->list_json(), {}), "the list is not readable");
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  for (const auto* name : {"spot_2020-10-09.json", "spot_2022-09-22.json", "futures_2022-12-22.json", "futures_2025-08-22.json"})
    if (const auto body = holdfast::test::recording(name))
      holdfast::check(*body);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
