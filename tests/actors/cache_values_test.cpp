#define CAF_SUITE cache_values

#include "tests/support/cache_fixture.hpp"
#include "tests/support/runtime_captured_log.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_values_fixture : test::cache_fixture {
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
  bool store_is_foreign() { return status().store_is_foreign; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_values_tests, cache_values_fixture)

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

CAF_TEST_FIXTURE_SCOPE_END()
