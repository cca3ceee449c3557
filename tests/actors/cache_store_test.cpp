#define CAF_SUITE cache_store

#include <algorithm>

#include "tests/support/cache_fixture.hpp"
#include "tests/support/runtime_captured_log.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_store_fixture : test::cache_fixture {
  // The token of a table fetched just now by a process with a right clock.
  std::uint64_t token_now() const { return static_cast<std::uint64_t>(clock->wall_now().time_since_epoch().count()); }
  symbol_table_ptr table_with_rules(const std::vector<std::string>& names) {
    symbol_table_builder builder;
    for (const auto& name : names) {
      symbol_draft one{.name = name, .base_asset = std::string_view{name}.substr(0, 1), .quote_asset = "USDT", .tick_size = "0.10",
                       .status_text = "TRADING", .permissions = "SPOT"};
      builder.add(one);
    }
    return builder.build({});
  }
  // As the state folder left it.
  void hang_up(const symbol_table_ptr& table) {
    board->publish(market::spot, {table, symbols_source::last_good, clock->wall_now() - 1h, clock->boot_now() - 1h, {}, {}, 1});
  }
  template <class Change>
  void restart_with(Change change) {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    cache_settings settings;
    change(settings);
    start(settings);
  }
  std::ptrdiff_t count_reads(std::string_view key) const { return std::count(store->reads.begin(), store->reads.end(), key); }
  bool store_is_foreign() { return ask<cache_status>(under_test, get_cache_status{})->markets[index(market::spot)].store_is_foreign; }
  std::uint64_t not_followed() {
    return ask<cache_status>(under_test, get_cache_status{})->markets[index(market::spot)].not_followed;
  }
  void announce(table_order order) {
    caf::anon_send(under_test, symbols_announced{market::spot, order});
    consume_messages();
  }
  void tell(store_change change) {
    caf::anon_send(under_test, store_event{change, {}});
    consume_messages();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_store_tests, cache_store_fixture)

CAF_TEST(a fresh full value of the store is a hit and no fetch) {
  put_full(full_value(4, 100s, {7, 0}));
  const auto reply = read();
  CAF_REQUIRE(reply->value);
  CAF_CHECK(reply->value->source == symbols_source::cache);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK(reply->value->age == 100s);
  CAF_CHECK_EQUAL(hits.load(), 1u);
  CAF_CHECK_EQUAL(supervisor->fetches, 0);
  advance(ttl - 100s);
  CAF_CHECK(!hanging()->fresh(clock->boot_now()));
}

CAF_TEST(a full value as old as the ttl or from the future is not fresh) {
  put_full(full_value(4, ttl, {7, 0}));
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  end_fetches(failed());
  put_full(full_value(4, -1h, {7, 0}));
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
}

CAF_TEST(a bare array of another program is as old as its ttl is short) {
  put_plain(std::string{table_of(5)->list_json()}, 200s);
  const auto reply = read();
  CAF_REQUIRE(reply->value);
  CAF_CHECK(reply->value->source == symbols_source::cache);
  CAF_CHECK(reply->value->age == 100s);
  CAF_CHECK_EQUAL(hits.load(), 1u);
}

CAF_TEST(a full value that is too old does not hide a fresh bare array) {
  put_full(full_value(4, 2h, {7, 0}));
  put_plain(std::string{table_of(5)->list_json()}, 200s);
  CAF_REQUIRE(read()->value);
  CAF_CHECK_EQUAL(hanging()->table->size(), 5u);
}

CAF_TEST(a bare array without ttl or with an impossible one or with nonsense is not believed) {
  put_plain(std::string{table_of(5)->list_json()}, {});
  read();
  end_fetches(failed());
  put_plain(std::string{table_of(5)->list_json()}, std::chrono::milliseconds{ttl} + 1ms);
  read();
  end_fetches(failed());
  put_plain("<html>", 200s);
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
  CAF_CHECK_EQUAL(hits.load(), 0u);
}

CAF_TEST(a bare array costs no rule that is known) {
  const auto known = table_with_rules({"AUSDT", "BUSDT", "CUSDT"});
  hang_up(known);
  put_plain(R"([{"symbol":"AUSDT","baseAsset":"A","quoteAsset":"USDT","status":"TRADING"},
                {"symbol":"BUSDT","baseAsset":"B","quoteAsset":"USDT","status":"TRADING"},
                {"symbol":"CUSDT","baseAsset":"C","quoteAsset":"USDT","status":"TRADING"}])", 200s);
  const auto reply = read();
  CAF_REQUIRE(reply->value);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK(reply->value->source == symbols_source::cache);
  CAF_CHECK(reply->value->table == known); // content and version stay
  CAF_CHECK_EQUAL(hanging()->version, 1u);
  // What goes into the store for other processes has them too.
  advance(1ms);
  tell(store_change::identity);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  const auto written = decode_symbols(store->written[0].full_value, {});
  CAF_REQUIRE(written);
  CAF_CHECK_EQUAL(written->table->find("BUSDT")->tick_size.text(), "0.10");
}

CAF_TEST(a bare array is completed by the full value beside it even where that is too old) {
  const auto known = table_with_rules({"AUSDT", "BUSDT"});
  put_full(encode_symbols({known, symbols_source::public_api, clock->wall_now() - 2h, {7, 0}, "ours", {}}));
  put_plain(R"([{"symbol":"BUSDT","baseAsset":"B","quoteAsset":"USDT","status":"TRADING"},
                {"symbol":"AUSDT","baseAsset":"A","quoteAsset":"USDT","status":"TRADING"}])", 200s);
  CAF_REQUIRE(read()->value);
  CAF_CHECK(hanging()->table->content_hash() == known->content_hash());
  CAF_CHECK(hanging()->age(clock->boot_now()) == 100s);
}

CAF_TEST(a list of a process without a past replaces no good one that it lacks most of) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(1s);
  const auto begun = clock->wall_now();
  put_full(full_value(5, 0s, {9, 0}, "ours", begun));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->size(), 100u);
  CAF_CHECK_EQUAL(not_followed(), 1u);
  CAF_CHECK_EQUAL(supervisor->fetches, 0); // ours is fresh
  // Not for being announced again, which is told and counted once.
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->size(), 100u);
  CAF_CHECK_EQUAL(not_followed(), 1u);
  advance(ttl);
  put_full(full_value(5, 1s, {10, 0}, "ours", begun));
  const auto reply = read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(supervisor->baseline->size(), 100u);
  end_fetches(good(101));
  CAF_REQUIRE(reply->value);
  CAF_CHECK_EQUAL(reply->value->table->size(), 101u);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a bare array is looked at where the full value beside it is not believed) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(ttl);
  put_full(full_value(5, 1s, {9, 0}, "ours", clock->wall_now()));
  put_plain(std::string{table_of(99)->list_json()}, 200s);
  const auto reply = read();
  CAF_REQUIRE(reply->value);
  CAF_CHECK_EQUAL(reply->value->table->listed().size(), 99u);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK_EQUAL(supervisor->fetches, 0);
}

CAF_TEST(while nobody may ask a list that is not believed is counted once and told a handful of times however many ask) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(ttl);
  put_full(full_value(5, 1s, {9, 0}, "ours", clock->wall_now()));
  const test::captured_log log;
  for (int i = 0; i < 1000; ++i) {
    read();
    end_fetches(failed());
  }
  CAF_CHECK_EQUAL(log.warnings("following the table of another process"), 4); // the 1st, 10th, 100th and 1,000th time
  CAF_CHECK_EQUAL(not_followed(), 1u);
}

CAF_TEST(a list of a process without a past is followed where it is plausible and its line goes on as ours) {
  const auto line = clock->wall_now() - 1h;
  put_full(full_value(100, 10s, {7, 0}, "ours", line));
  read();
  advance(1s);
  put_full(full_value(99, 0s, {9, 0}, "ours", clock->wall_now()));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->order.token, 9u);
  CAF_CHECK(hanging()->judged_since == line);
}

CAF_TEST(a list that an operator believes elsewhere is believed here) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  put_full(full_value(5, 0s, {9, 0}, "ours", wall_time{}));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->listed().size(), 5u);
  CAF_CHECK(hanging()->judged_since == wall_time{});
}

CAF_TEST(the first fetched list begins a line and the next ones belong to it) {
  read();
  const auto begun = clock->wall_now();
  end_fetches(good(4));
  advance(ttl);
  read();
  end_fetches(good(5));
  CAF_REQUIRE_EQUAL(store->written.size(), 2u);
  for (const auto& written : store->written)
    CAF_CHECK(decode_symbols(written.full_value, {})->judged_since == begun);
}

CAF_TEST(a first fetch is compared with the full value in the store though that is too old to be used) {
  put_full(full_value(40, 2h, {7, 0}));
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_REQUIRE(supervisor->baseline);
  CAF_CHECK_EQUAL(supervisor->baseline->size(), 40u);
  end_fetches(good(3));
  advance(ttl);
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK_EQUAL(supervisor->baseline->size(), 3u);
}

CAF_TEST(a refresh without a caller is compared with the full value in the store too) {
  put_full(full_value(40, 2h, {7, 0}));
  refresh();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_REQUIRE(supervisor->baseline);
  CAF_CHECK_EQUAL(supervisor->baseline->size(), 40u);
}

CAF_TEST(a foreign value is compared with nothing) {
  put_full(full_value(40, 2h, {7, 0}, "test network"));
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK(!supervisor->baseline);
}

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

CAF_TEST(the list of a full value that is too old is not fresh however long it lasts) {
  const auto text = full_value(4, ttl, {7, 0});
  put_full(text);
  const auto list = decode_symbols(text, {})->table->list_json();
  put_plain(list, 200s); // written by a server that had stood still
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hits.load(), 0u);
}

CAF_TEST(a bare array without a pinned symbol is not believed) {
  restart_with([](cache_settings& settings) { settings.markets[index(market::spot)].gate.pinned = {"BTCUSDT"}; });
  put_plain(std::string{table_of(5)->list_json()}, 200s);
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hits.load(), 0u);
}

CAF_TEST(nonsense under the plain key is a handful of lines however often it is read) {
  const test::captured_log log;
  for (int i = 0; i < 2000; ++i) {
    put_plain(R"({"a":1})", 200s);
    read();
    end_fetches(failed());
  }
  CAF_CHECK(log.warnings("reading the plain list of the store") >= 1);
  CAF_CHECK(log.warnings("reading the plain list of the store") <= 4); // the 1st, 10th, 100th, 1000th
  put_plain(std::string{table_of(5)->list_json()}, 200s);
  read();
  CAF_CHECK_EQUAL(log.count(spdlog::level::info, "reading the plain list of the store works again"), 1);
}

CAF_TEST(a foreign value is one read however often it is looked at) {
  restart_with([](cache_settings& settings) { settings.look_interval = 5s; });
  put_full(full_value(4, 10s, {7, 0}, "test network"));
  advance(5s);
  const auto reads = count_reads(keys::symbols_full(market::spot));
  CAF_CHECK_EQUAL(reads, 1);
  for (int i = 0; i < 10; ++i)
    advance(5s);
  CAF_CHECK_EQUAL(count_reads(keys::symbols_full(market::spot)), 1);
  CAF_CHECK(store_is_foreign());
}

CAF_TEST(however many foreign values come for whatever market are one warning) {
  const test::captured_log log;
  restart_with([](cache_settings& settings) { settings.look_interval = 5s; });
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const table_order order{i, 0};
    for (const auto which : all_markets) {
      store->values[keys::fence(keys::symbols_full(which))] = {to_text(order), std::nullopt};
      store->values[std::string{keys::symbols_full(which)}] = {full_value(4, 10s, order, "test network"), std::nullopt};
    }
    advance(5s);
  }
  for (const auto which : all_markets)
    CAF_CHECK_EQUAL(count_reads(keys::symbols_full(which)), 5);
  CAF_CHECK_EQUAL(log.warnings("another configuration"), 1);
  CAF_CHECK_EQUAL(log.warnings(" shares this store"), 1);
}

CAF_TEST(a store shared with another configuration is told until only ours was there for twice the ttl) {
  restart_with([](cache_settings& settings) { settings.look_interval = 5s; });
  put_full(full_value(4, 10s, {7, 0}, "test network"));
  advance(5s);
  put_full(full_value(4, 10s, {8, 0}));
  advance(5s);
  CAF_CHECK(store_is_foreign());
  advance(100s);
  put_full(full_value(4, 10s, {9, 0}, "test network"));
  advance(5s);
  put_full(full_value(4, 10s, {10, 0}));
  advance(2 * ttl - 5s);
  CAF_CHECK(store_is_foreign());
  advance(5s);
  CAF_CHECK(!store_is_foreign());
}

CAF_TEST(a store is foreign for as long as nothing of ours came into it) {
  put_full(full_value(4, 10s, {7, 0}, "test network"));
  read();
  end_fetches(failed());
  advance(4 * ttl);
  CAF_CHECK(store_is_foreign());
  read();
  end_fetches(good(4));
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  advance(2 * ttl - 1s);
  CAF_CHECK(store_is_foreign());
  advance(1s);
  CAF_CHECK(!store_is_foreign());
}

CAF_TEST(an implausible bare array does not replace a good table) {
  publish_last_good(100);
  put_plain(std::string{table_of(5)->list_json()}, 200s);
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hanging()->table->size(), 100u);
}

CAF_TEST(values of another configuration are never used neither full nor bare) {
  put_full(full_value(4, 10s, {7, 0}, "test network"));
  put_plain(std::string{table_of(4)->list_json()}, 290s);
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hits.load(), 0u);
  CAF_CHECK(hanging()->table == nullptr);
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
