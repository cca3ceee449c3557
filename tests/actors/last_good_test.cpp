#define CAF_SUITE last_good

#include "actors/last_good.hpp"

#include "tests/support/cache_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct fixture : test::actor_fixture {
  std::shared_ptr<test::store_script> local = std::make_shared<test::store_script>();
  std::shared_ptr<test::store_script> shared = std::make_shared<test::store_script>();
  store_actor local_handle = sys.spawn(test::scripted_store, local);
  store_actor shared_handle = sys.spawn(test::scripted_store, shared);
  last_good_actor under_test;

  fixture() { start({}); }
  ~fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(under_test), caf::actor_cast<caf::actor>(local_handle),
                            caf::actor_cast<caf::actor>(shared_handle)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    consume_messages();
  }

  void start(symbols_answer known, std::vector<std::string> pinned = {}) {
    if (under_test)
      caf::anon_send_exit(under_test, caf::exit_reason::kill);
    last_good_settings settings;
    settings.fingerprint = "ours";
    settings.gates[index(market::spot)].pinned = std::move(pinned);
    settings.local = local_handle;
    settings.shared = shared_handle;
    under_test = sys.spawn(last_good, settings, clock_ptr{clock}, std::array<symbols_answer, market_count>{known});
    consume_messages();
  }
  symbols_answer table(int symbols, std::chrono::nanoseconds age, table_order order = {}) {
    return {table_of(symbols), symbols_source::public_api, clock->wall_now() - std::chrono::floor<std::chrono::microseconds>(age),
            clock->boot_now() - age, order};
  }
  void accept(symbols_answer answer) {
    caf::anon_send(under_test, table_accepted{market::spot, std::move(answer)});
    consume_messages();
  }
  void tell(store_change change) {
    caf::anon_send(under_test, store_event{change, {}});
    consume_messages();
  }
  std::optional<symbols_answer> wanted() { return ask<symbols_answer>(under_test, last_good_wanted{market::spot}); }
  std::size_t size() { return wanted().value_or(symbols_answer{table_of(0), {}, {}, {}, {}}).table->size(); }
  // Of a process whose first table is older than any here unless told.
  std::string full(const symbols_answer& what, std::string fingerprint = "ours",
                   std::optional<wall_time> judged_since = wall_time{1s}) {
    return encode_symbols({what.table, what.source, what.fetched_at, what.order, std::move(fingerprint), judged_since});
  }
  void put_shared(std::string_view key, std::string text) { shared->values[std::string{key}] = {std::move(text), {}}; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(last_good_tests, fixture)

CAF_TEST(the newest table is answered with its age and kept in the state folder) {
  accept(table(3, 10s, {7, 0}));
  const auto answer = wanted();
  CAF_REQUIRE(answer);
  CAF_CHECK(answer->source == symbols_source::last_good);
  CAF_CHECK(answer->fetched_boot == clock->boot_now() - 10s);
  const auto stored = decode_symbols(*local->values[keys::local_last_good(market::spot, "ours")].value, {});
  CAF_REQUIRE(stored);
  CAF_CHECK_EQUAL(stored->table->size(), 3u);
  CAF_CHECK((stored->order == table_order{7, 0}));
}

CAF_TEST(an older table never replaces a newer one by order or where there is none by age) {
  accept(table(3, 10s, {7, 1}));
  accept(table(4, 1s, {7, 0}));
  CAF_CHECK_EQUAL(size(), 3u);
  accept(table(4, 20s, {}));
  CAF_CHECK_EQUAL(size(), 3u);
  accept(table(5, 5s, {}));
  CAF_CHECK_EQUAL(size(), 5u);
  accept(table(6, 8s, {9, 0}));
  CAF_CHECK_EQUAL(size(), 5u);
  accept(table(7, 4s, {9, 1}));
  CAF_CHECK_EQUAL(size(), 7u);
}

CAF_TEST(a wall clock that steps back makes no newer table look old) {
  accept(table(3, 0s));
  clock->step_wall(-1h);
  clock->advance(1s);
  accept(table(4, 0s));
  CAF_CHECK_EQUAL(size(), 4u);
}

CAF_TEST(with nothing known there is no_data) {
  CAF_CHECK(!wanted());
  CAF_CHECK(fault_of(error) == fault::no_data);
}

CAF_TEST(with nothing local the full value of the shared store is answered with its age and kept) {
  put_shared(keys::symbols_full(market::spot), full(table(4, 2h, {7, 0})));
  put_shared(keys::symbols_last_good(market::spot), table_of(2)->list_json());
  const auto answer = wanted();
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->table->size(), 4u);
  CAF_CHECK(answer->fetched_boot == clock->boot_now() - 2h);
  CAF_CHECK(local->values.count(keys::local_last_good(market::spot, "ours")) == 1);
}

CAF_TEST(another configurations value is never answered neither full nor bare) {
  put_shared(keys::symbols_full(market::spot), full(table(4, 1s, {7, 0}), "test network"));
  put_shared(keys::symbols_last_good(market::spot), table_of(4)->list_json());
  CAF_CHECK(!wanted());
  tell(store_change::link_up);
  advance(3s);
  CAF_CHECK(!wanted());
}

CAF_TEST(a bare array is as old as the last refresh that was told) {
  put_shared(keys::symbols_last_good(market::spot), table_of(2)->list_json());
  const auto told = std::chrono::floor<std::chrono::seconds>(clock->wall_now() - 50s);
  put_shared(keys::last_refresh(market::spot), std::to_string(told.time_since_epoch().count()));
  const auto answer = wanted();
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->table->size(), 2u);
  CAF_CHECK(answer->fetched_at == wall_time{told});
  CAF_CHECK(answer->fetched_boot.has_value());
}

CAF_TEST(a bare array with no or an impossible time is of unknown age) {
  put_shared(keys::symbols_last_good(market::spot), table_of(2)->list_json());
  for (const std::string told : {"", "nonsense", "0", "9999999999", "18446744073710", "9223372036854775807"}) {
    put_shared(keys::last_refresh(market::spot), told);
    start({});
    const auto answer = wanted();
    CAF_REQUIRE(answer);
    CAF_CHECK(!answer->fetched_at);
    CAF_CHECK(!answer->fetched_boot);
  }
}

CAF_TEST(an implausible bare array is not answered) {
  for (const auto* text : {"[]", "<html>", "{}", R"([{"symbol":"A","baseAsset":"A","quoteAsset":"B","status":"HALT"}])"}) {
    put_shared(keys::symbols_last_good(market::spot), text);
    CAF_CHECK(!wanted());
  }
}

CAF_TEST(a bare array without a pinned symbol is not answered) {
  put_shared(keys::symbols_last_good(market::spot), table_of(2)->list_json());
  start({}, {"NOSUCHUSDT"});
  CAF_CHECK(!wanted());
  start({}, {std::string{table_of(2)->symbols()[0].name}});
  CAF_CHECK(wanted());
}

CAF_TEST(a store that was emptied gets the table again a moment later though it is stale) {
  start(table(3, 2h, {7, 0}));
  tell(store_change::identity);
  tell(store_change::link_up);
  advance(999ms);
  CAF_CHECK(shared->written.empty());
  advance(2001ms);
  CAF_REQUIRE_EQUAL(shared->written.size(), 1u);
  CAF_CHECK((shared->written[0].order == table_order{7, 0}));
  CAF_CHECK(shared->written[0].ttl == 0ms);
  CAF_CHECK_EQUAL(shared->written[0].refreshed_at_seconds,
                  std::chrono::floor<std::chrono::seconds>(clock->wall_now() - 3s - 2h).time_since_epoch().count());
}

CAF_TEST(a store that went back gets the newer table and one that knows more is believed) {
  start(table(3, 2h, {7, 0}));
  put_shared(keys::symbols_full(market::spot), full(table(2, 3h, {6, 0})));
  tell(store_change::link_up);
  advance(3s);
  CAF_CHECK_EQUAL(shared->written.size(), 1u);
  put_shared(keys::symbols_full(market::spot), full(table(5, 1h, {8, 0})));
  tell(store_change::link_up);
  advance(3s);
  CAF_CHECK_EQUAL(shared->written.size(), 1u);
  CAF_CHECK_EQUAL(size(), 5u);
}

CAF_TEST(a list of a process without a past replaces no good one that it lacks most of) {
  auto known = table(100, 2h, {7, 0});
  known.judged_since = wall_time{1s};
  start(known);
  put_shared(keys::symbols_full(market::spot), full(table(5, 1h, {8, 0}), "ours", clock->wall_now() - 1h));
  tell(store_change::link_up);
  advance(3s);
  CAF_CHECK_EQUAL(size(), 100u);
  put_shared(keys::symbols_full(market::spot), full(table(90, 1h, {9, 0}), "ours", clock->wall_now() - 1h));
  tell(store_change::link_up);
  advance(3s);
  CAF_CHECK_EQUAL(size(), 90u);
}

CAF_TEST(a state folder that is full costs nothing but the next start) {
  local->refuses = fault::store_refused;
  accept(table(3, 10s, {7, 0}));
  accept(table(4, 5s, {8, 0}));
  CAF_CHECK_EQUAL(size(), 4u);
}

CAF_TEST_FIXTURE_SCOPE_END()
