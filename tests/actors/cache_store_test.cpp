#define CAF_SUITE cache_store

#include <algorithm>

#include "tests/support/cache_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_store_fixture : test::cache_fixture {
  // The token of a table fetched just now by a process with a right clock.
  std::uint64_t token_now() const { return static_cast<std::uint64_t>(clock->wall_now().time_since_epoch().count()); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_store_tests, cache_store_fixture)

CAF_TEST(what a refresh is told names the next listing or delivery) {
  const auto soon = std::chrono::floor<std::chrono::milliseconds>(clock->wall_now() + 40min);
  const auto in_ms = [](auto at) { return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count(); };
  symbol_table_builder builder;
  builder.add({.name = "AUSDT", .base_asset = "A", .quote_asset = "USDT", .tick_size = "0.10", .status_text = "TRADING",
               .onboard_ms = in_ms(clock->wall_now() - 24h), .delivery_ms = in_ms(clock->wall_now() + 24h * 365 * 80)});
  builder.add({.name = "BUSDT", .base_asset = "B", .quote_asset = "USDT", .tick_size = "0.10", .status_text = "PENDING_TRADING",
               .onboard_ms = in_ms(soon)});
  // As microseconds of 64 bits it would be in 20 minutes.
  builder.add({.name = "CUSDT", .base_asset = "C", .quote_asset = "USDT", .tick_size = "0.10", .status_text = "PENDING_TRADING",
               .onboard_ms = 18'446'744'073'709'552 + in_ms(soon - 20min)});
  auto outcome = refresh();
  auto fetched = good(1);
  fetched.answer.table = builder.build({});
  end_fetches(fetched);
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->next_change == wall_time{soon});
}

CAF_TEST(with the store away the fetch starts at once) {
  store->away = true;
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST(a store that does not answer holds nobody longer than its patience) {
  store->silent = true;
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 0);
  advance(500ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST(a store that was away or emptied gets the fresh table again and a stale one never) {
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
  read();
  end_fetches(good(3));
  advance(100s);
  tell(store_change::identity);
  CAF_REQUIRE_EQUAL(store->written.size(), 2u);
  CAF_CHECK(store->written[1].ttl == ttl - 100s);
  CAF_CHECK(store->written[1].order == store->written[0].order);
  tell(store_change::link_down);
  CAF_CHECK_EQUAL(store->written.size(), 2u);
  advance(200s);
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(store->written.size(), 2u);
}

CAF_TEST(a newer table that was announced is taken and an older one is not even read) {
  read();
  end_fetches(good(3));
  const auto reads = store->reads.size();
  const auto ours = hanging()->order.token;
  announce({ours - 1, 0});
  CAF_CHECK_EQUAL(store->reads.size(), reads);
  advance(10s);
  put_full(full_value(6, 0s, {ours + 1, 0}));
  announce({ours + 1, 0});
  CAF_CHECK_EQUAL(store->reads.size(), reads + 2); // the full value, and how long the plain one lasts
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
  CAF_CHECK(hanging()->source == symbols_source::cache);
  CAF_CHECK_EQUAL(hanging()->version, 2u);
  CAF_CHECK_EQUAL(accepted->size(), 2u);
}

CAF_TEST(a symbol that another process does not know of stays as gone) {
  read();
  end_fetches(good(4));
  const auto missing = std::string{hanging()->table->symbols()[3].name};
  const auto ours = hanging()->order.token;
  advance(10s);
  put_full(full_value(3, 0s, {ours + 1, 0}));
  announce({ours + 1, 0});
  const auto hangs = hanging();
  CAF_CHECK_EQUAL(hangs->table->listed().size(), 3u);
  const auto* const one = hangs->table->find(missing);
  CAF_REQUIRE(one);
  CAF_CHECK(one->status == symbol_status::gone);
}

CAF_TEST(a hundred announcements while one is being read cause one more read) {
  store->silent = true;
  for (std::uint64_t i = 1; i <= 100; ++i)
    announce({i, 0});
  CAF_CHECK_EQUAL(store->reads.size(), 1u);
  release_store();
  CAF_CHECK_EQUAL(store->reads.size(), 2u);
}

CAF_TEST(a table that is fenced gives way to the newer one in the store) {
  read();
  store->refuses = fault::fenced;
  put_full(full_value(6, 0s, {token_now() + 1'000'000, 0}));
  end_fetches(good(3));
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
  CAF_CHECK(hanging()->fresh(clock->boot_now()));
}

CAF_TEST(a store value does not replace a younger table that was fetched meanwhile) {
  store->silent = true;
  put_full(full_value(6, 200s, {7, 0}));
  store->values.erase(keys::fence(keys::symbols_full(market::spot)));
  read();
  refresh();
  end_fetches(good(3));
  release_store();
  CAF_CHECK_EQUAL(hanging()->table->size(), 3u);
}

CAF_TEST(orders keep growing when the wall clock steps back) {
  read();
  end_fetches(good(3));
  clock->step_wall(-1h);
  refresh();
  end_fetches(good(4));
  CAF_REQUIRE_EQUAL(store->written.size(), 2u);
  CAF_CHECK(store->written[1].order > store->written[0].order);
}

CAF_TEST(a table that an operator accepts is published stored and kept as last good) {
  publish_last_good(100);
  const auto answer = good(5).answer;
  const auto outcome = post<refresh_outcome>(accept_symbols{market::spot, answer});
  consume_messages();
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->failure == fault::none);
  CAF_CHECK_EQUAL(hanging()->table->trading_count(), 5u);
  CAF_CHECK(hanging()->fresh(clock->boot_now()));
  CAF_CHECK_EQUAL(store->written.size(), 1u);
  CAF_CHECK_EQUAL(accepted->size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
