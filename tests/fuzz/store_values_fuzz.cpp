// What is read back from a store that others write to as well: tables in full, plain lists, orders, writers' states,
// embargoes. No crash, and what is believed is written again as it was understood.
#include <memory>

#include "runtime/embargo.hpp"
#include "runtime/retry_after.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"
#include "runtime/table_order.hpp"
#include "runtime/writer_state.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/runtime_manual_clock.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

void check_full(std::string_view text) {
  const auto once = decode_symbols(text, {{"USDT"}, {"BTC"}});
  if (!once)
    return;
  const auto twice = decode_symbols(encode_symbols(*once), {{"USDT"}, {"BTC"}});
  expect(twice.has_value(), "what was decoded cannot be encoded");
  expect(twice->table->content_hash() == once->table->content_hash(), "a table changes on its way");
  expect(twice->order == once->order && twice->fingerprint == once->fingerprint && twice->fetched_at == once->fetched_at
           && twice->source == once->source && twice->judged_since == once->judged_since,
         "what a table is worth changes on its way");
}

void check_list(std::string_view text) {
  const auto once = read_symbol_list(text, {});
  if (!once || (*once)->listed().empty())
    return;
  const auto written = write_symbol_list(**once);
  const auto twice = read_symbol_list(written, {});
  expect(twice.has_value(), "what was listed is no list");
  expect(write_symbol_list(**twice) == written, "a list changes on its way");
}

void check_texts(std::string_view text) {
  const auto order = parse_table_order(text);
  expect(parse_table_order(to_text(order)) == order, "an order changes on its way");
  if (const auto state = parse_writer_state(text)) {
    const auto again = parse_writer_state(to_text(*state));
    expect(again && again->sums == state->sums && again->retired_at == state->retired_at, "a writer's state changes on its way");
  }
  (void)parse_retry_after(text, wall_time{});
}

void check_embargo(std::string_view text) {
  const auto clock = std::make_shared<test::manual_clock>();
  embargo told{market::spot, {}, clock};
  told.learn(text);
  const auto until = told.closed_until();
  if (!until)
    return;
  expect(*until <= clock->boot_now() + embargo_max, "an embargo without end");
  embargo other{market::spot, {}, clock};
  other.learn(told.text());
  const auto theirs = other.closed_until();
  expect(theirs.has_value(), "an embargo is lost on its way");
  const auto apart = *theirs > *until ? *theirs - *until : *until - *theirs;
  expect(apart <= std::chrono::seconds{2}, "an embargo changes on its way");
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  holdfast::check_full(text);
  holdfast::check_list(text);
  holdfast::check_texts(text);
  holdfast::check_embargo(text);
  return 0;
}
