#define CAF_SUITE cache_lease

#include "tests/support/cache_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_lease_fixture : test::cache_fixture {
  std::set<std::string>& holders() { return store->leases.begin()->second; }
  bool leased() { return !store->leases.empty() && !holders().empty(); }
  // Another process has the lease.
  void lease_elsewhere() {
    read();
    end_fetches(failed());
    holders() = {"other"};
  }
  test::pending<refresh_outcome> refresh_older_than(std::chrono::nanoseconds age) {
    auto got = post<refresh_outcome>(refresh_symbols{market::spot, refresh_reason::warmup, age});
    consume_messages();
    return got;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_lease_tests, cache_lease_fixture)

CAF_TEST(a fetch is made under a lease that is given back once the table is in the store) {
  read();
  CAF_CHECK(leased());
  end_fetches(good(3));
  CAF_CHECK(!leased());
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK_EQUAL(store->written[0].order.token, store->last_token);
  CAF_CHECK(hanging()->order == store->written[0].order);
}

CAF_TEST(a lease is given back when the fetch fails) {
  read();
  end_fetches(failed());
  CAF_CHECK(!leased());
}

CAF_TEST(under an embargo no lease is taken) {
  read();
  end_fetches({market::spot, {}, fault::fetch_forbidden, "embargo", clock->boot_now() + 60s});
  const auto wanted = store->leases_wanted;
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 2); // the supervisor says no by itself
  CAF_CHECK_EQUAL(store->leases_wanted, wanted);
}

CAF_TEST(while another process fetches nobody else does and its table is answered as a hit) {
  lease_elsewhere();
  const auto reply = read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  put_full(full_value(4, 0s, {store->last_token + 1, 0}));
  announce({store->last_token + 1, 0});
  CAF_REQUIRE(reply->value);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  advance(5s);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST(one that waits for another process takes a table fetched after it was wanted whatever its age was to be) {
  lease_elsewhere();
  auto outcome = refresh_older_than(0s);
  advance(500ms);
  put_full(full_value(4, 0s, {store->last_token + 1, 0}));
  announce({store->last_token + 1, 0});
  CAF_CHECK(outcome->arrived());
  advance(5s);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST(a lease that another process gave back or lost is taken over) {
  lease_elsewhere();
  read();
  advance(1s);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  holders().clear();
  advance(1s);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK(leased());
}

CAF_TEST(nobody waits without end for processes that fetch one after the other and bring nothing) {
  lease_elsewhere();
  const auto outcome = refresh_older_than(100s);
  advance(13s);
  CAF_CHECK(!outcome->arrived());
  advance(2s);
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->failure == fault::deadline);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  // The next one begins to wait anew.
  const auto next = refresh_older_than(100s);
  holders().clear();
  advance(1s);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(good(3));
  CAF_REQUIRE(next->value);
  CAF_CHECK(next->value->failure == fault::none);
}

CAF_TEST(a table that was written while the lease was waited for is taken without a fetch) {
  lease_elsewhere();
  const auto outcome = refresh_older_than(100s);
  put_full(full_value(4, 1s, {store->last_token + 1, 0})); // its announcement was missed
  holders().clear();
  advance(1s);
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->failure == fault::none);
  CAF_CHECK(!outcome->value->fetched);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hanging()->table->size(), 4u);
  CAF_CHECK(!leased());
}

CAF_TEST(a refresh fetches only where the table is as old as was asked for) {
  read();
  end_fetches(good(3));
  advance(99s);
  CAF_CHECK(refresh_older_than(100s)->arrived());
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  advance(1s);
  const auto outcome = refresh_older_than(100s);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(good(3));
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->fetched);
  CAF_CHECK(outcome->value->fetched_boot == clock->boot_now());
}

CAF_TEST(a lease is renewed while the fetch goes on) {
  read();
  const auto wanted = store->leases_wanted;
  for (int i = 0; i < 9; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(store->leases_wanted, wanted + 9);
  end_fetches(good(3));
  CAF_CHECK(hanging()->order.known());
}

CAF_TEST(with the store away everybody fetches alone and brings the table to the store later) {
  store->away = true;
  read();
  end_fetches(good(3));
  CAF_CHECK(!hanging()->order.known());
  CAF_CHECK(hanging()->fresh(clock->boot_now()));
  store->away = false;
  tell(store_change::link_up);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK(store->written[0].order.known());
  CAF_CHECK(hanging()->order == store->written[0].order);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK(!leased());
}

CAF_TEST(a table fetched while the store was away gives way to a younger one there) {
  store->away = true;
  read();
  end_fetches(good(3));
  advance(10s);
  put_full(full_value(6, 5s, {store->last_token + 1, 0}));
  store->away = false;
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
}

CAF_TEST(a table fetched while the store was away replaces an older one there under a higher token) {
  store->away = true;
  read();
  end_fetches(good(3));
  const auto theirs = store->last_token + 1'000'000;
  put_full(full_value(6, 5s, {theirs, 0}));
  store->away = false;
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(hanging()->table->size(), 3u);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK(store->written[0].order.token > theirs);
}

CAF_TEST(a table fetched while the store was away gets a token as old as its fetch) {
  store->away = true;
  read();
  advance(2s);
  end_fetches(good(3));
  advance(10s);
  store->away = false;
  tell(store_change::link_up);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK_EQUAL(store->written[0].order.token, store->time() - 12'000'000);
  CAF_CHECK(hanging()->order == store->written[0].order);
}

CAF_TEST(a table fetched while the store was away gives way to one of a younger token whatever the wall clocks tell) {
  store->away = true;
  read();
  end_fetches(good(3));
  advance(10s);
  put_full(full_value(6, 60s, {store->time() - 5'000'000, 0}));
  store->away = false;
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
}

CAF_TEST(a table fetched while the store was away replaces one of an older token whatever the wall clocks tell) {
  store->away = true;
  read();
  end_fetches(good(3));
  advance(10s);
  put_full(full_value(6, 1s, {store->time() - 15'000'000, 0}));
  store->away = false;
  tell(store_change::link_up);
  CAF_CHECK_EQUAL(hanging()->table->size(), 3u);
  CAF_CHECK_EQUAL(store->written.size(), 1u);
}

CAF_TEST(a table without a token is not put above one of the store that could not be read) {
  store->away = true;
  read();
  end_fetches(good(3));
  advance(10s);
  put_full(full_value(6, 5s, {store->time() - 5'000'000, 0}));
  store->away = false;
  store->silent = true;
  tell(store_change::link_up);
  advance(5s);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
  CAF_CHECK(holders().empty());
  CAF_CHECK_EQUAL(hanging()->table->size(), 3u);
}

CAF_TEST(a holder that was frozen with the answer in hand never overwrites what others wrote meanwhile) {
  read();
  clock->advance(60s); // no timer ran: the process stood still
  holders().clear();
  const table_order theirs{store->last_token + 5, 0};
  put_full(full_value(6, 30s, theirs));
  end_fetches(good(3));
  CAF_CHECK_EQUAL(store->written.size(), 0u);
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
  CAF_CHECK((hanging()->order == theirs));
}

CAF_TEST(after a flush a frozen holder leaves it to those who have younger tables to write first) {
  read();
  clock->advance(60s);
  holders().clear();
  end_fetches(good(3)); // the store is empty: flushed a moment ago
  tell(store_change::identity);
  advance(5s);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
  put_full(full_value(6, 30s, {store->last_token + 1, 0})); // another process has noticed the flush
  advance(1s);
  CAF_CHECK_EQUAL(store->written.size(), 0u);
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
}

CAF_TEST(after a flush a frozen holder that has the youngest table writes it as old as its question and with a token as old) {
  read();
  clock->advance(60s);
  holders().clear();
  end_fetches(good(3));
  advance(6s);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK_EQUAL(store->written[0].order.token, store->time() - 66'000'000);
  CAF_CHECK(hanging()->age(clock->boot_now()) == 66s);
}

CAF_TEST(two tables under one lease are ordered by their sequence) {
  store->refuses = fault::store_away;
  read();
  end_fetches(good(3));
  const auto first = hanging()->order;
  holders() = {"one"}; // not given back in time
  store->tokens["one"] = first.token;
  refresh();
  end_fetches(good(4));
  CAF_CHECK(hanging()->order > first);
}

CAF_TEST(a missed announcement is noticed at the next look) {
  caf::anon_send_exit(under_test, caf::exit_reason::kill);
  cache_settings settings;
  settings.look_interval = 5s;
  start(settings);
  read();
  end_fetches(good(3));
  put_full(full_value(6, 0s, {store->last_token + 1, 0}));
  advance(5s);
  CAF_CHECK_EQUAL(hanging()->table->size(), 6u);
}

CAF_TEST(a wall clock that steps makes nothing fresh that is not) {
  put_full(full_value(4, 61min, {7, 0}));
  clock->step_wall(-1h); // now it claims to be a minute old; the plain array beside it is gone
  read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(hits.load(), 0u);
  end_fetches(good(3));
  clock->step_wall(1h);
  CAF_CHECK(!read()->value->stale);
  clock->step_wall(-1h);
  advance(ttl);
  CAF_CHECK(!hanging()->fresh(clock->boot_now()));
}

CAF_TEST(a token that nobody can have been given is believed neither in a value nor in a fence) {
  const table_order impossible{std::uint64_t{1} << 60, 0};
  store->values[std::string{keys::symbols_full(market::spot)}] = {full_value(4, 0s, impossible), std::nullopt};
  store->values[keys::fence(keys::symbols_full(market::spot))] = {to_text(impossible), std::nullopt};
  read();
  CAF_CHECK_EQUAL(store->leases_wanted, 1);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  end_fetches(good(3));
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK(store->written[0].order.token < impossible.token);
}

CAF_TEST(a store that gives no token above its fence is asked once more and no third time) {
  store->is_stuck = true;
  store->values[keys::fence(keys::symbols_full(market::spot))] = {to_text(table_order{store->last_token + 1, 0}), std::nullopt};
  const auto reply = read();
  CAF_CHECK_EQUAL(store->leases_wanted, 2);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  end_fetches(good(3));
  CAF_REQUIRE(reply->value);
  CAF_CHECK(!reply->value->stale);
}

CAF_TEST_FIXTURE_SCOPE_END()
