#define CAF_SUITE cache_reads

#include "tests/support/pending_timers.hpp"

#include "tests/support/cache_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(cache_reads_tests, test::cache_fixture)

CAF_TEST(a miss fetches publishes writes to the store and tells last good) {
  const auto reply = read();
  CAF_CHECK(!reply->arrived());
  end_fetches(good(3));
  CAF_REQUIRE(reply->value);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK(reply->value->source == symbols_source::public_api);
  CAF_CHECK_EQUAL(reply->value->table->size(), 3u);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK(store->written[0].ttl == ttl);
  CAF_CHECK_EQUAL(accepted->size(), 1u);
  CAF_CHECK_EQUAL(hits.load(), 0u);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(while a market is fresh it is answered without the store and counts hits) {
  read();
  end_fetches(good(3));
  const auto asked = store->reads.size();
  for (int i = 0; i < 10; ++i)
    CAF_CHECK(read()->arrived());
  CAF_CHECK_EQUAL(store->reads.size(), asked);
  CAF_CHECK_EQUAL(hits.load(), 10u);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a table is fresh until its ttl and not at it) {
  read();
  end_fetches(good(3));
  advance(ttl - 1ms);
  CAF_CHECK(read()->arrived());
  CAF_CHECK_EQUAL(hits.load(), 1u);
  advance(1ms);
  CAF_CHECK(!read()->arrived());
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK_EQUAL(misses.load(), 2u);
}

CAF_TEST(a thousand readers cause one look into the store and one fetch) {
  std::vector<test::pending<symbols_reply>> replies;
  for (int i = 0; i < 1000; ++i)
    replies.push_back(post<symbols_reply>(get_symbols{market::spot, {}}));
  consume_messages();
  CAF_CHECK_EQUAL(store->reads.size(), 3u); // the full value, the plain one, the fence once the lease is ours
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  end_fetches(good(3));
  for (const auto& reply : replies)
    CAF_REQUIRE(reply->value);
  CAF_CHECK_EQUAL(misses.load(), 1000u);
  CAF_CHECK_EQUAL(hits.load(), 0u);
}

CAF_TEST(a flood of readers is overloaded past its bound and the status is told behind it) {
  constexpr std::uint64_t bound = 100'000;
  store->silent = true;
  for (std::uint64_t i = 0; i < bound; ++i)
    caf::anon_send(under_test, get_symbols{market::spot, {}});
  const auto refused = post<symbols_reply>(get_symbols{market::spot, {}});
  const auto told = post<cache_status>(get_cache_status{});
  consume_messages();
  CAF_REQUIRE(refused->error);
  CAF_CHECK(*refused->error == fault::overloaded);
  CAF_CHECK_EQUAL(misses.load(), 1u);
  CAF_REQUIRE(told->value);
  CAF_CHECK_EQUAL(told->value->markets[index(market::spot)].waiting, bound);
  release_store();
  end_fetches(good(3));
  CAF_CHECK_EQUAL(misses.load(), bound + 1);
  CAF_CHECK(read()->value);
}

CAF_TEST(readers with an older table wait one second and then get last good with one question for all) {
  publish_last_good(2);
  std::vector<test::pending<symbols_reply>> replies;
  for (int i = 0; i < 100; ++i)
    replies.push_back(post<symbols_reply>(get_symbols{market::spot, {}}));
  consume_messages();
  advance(999ms);
  CAF_CHECK(!replies[0]->arrived());
  advance(1ms);
  for (const auto& reply : replies) {
    CAF_REQUIRE(reply->value);
    CAF_CHECK(reply->value->stale);
    CAF_CHECK(reply->value->source == symbols_source::last_good);
  }
  CAF_CHECK_EQUAL(supervisor->fallbacks, 1);
  CAF_CHECK_EQUAL(misses.load(), 100u);
  end_fetches(good(3));
  CAF_CHECK(read()->value->source == symbols_source::public_api);
}

CAF_TEST(readers whom only the shared store has a list for wait no longer than beside one of our own) {
  supervisor->last_good = good(2).answer; // nothing hangs: the state folder was empty
  const auto first = read();
  CAF_REQUIRE(hanging()->table); // who does not ask has it at once
  CAF_CHECK(hanging()->source == symbols_source::last_good);
  CAF_CHECK(!hanging()->fresh(clock->boot_now()));
  advance(400ms);
  const auto second = read();
  advance(599ms);
  CAF_CHECK(!first->arrived());
  advance(1ms);
  CAF_REQUIRE(first->value);
  CAF_CHECK(first->value->stale);
  CAF_CHECK_EQUAL(first->value->table->size(), 2u);
  CAF_CHECK(!second->arrived());
  end_fetches(good(3)); // it went on
  CAF_REQUIRE(second->value);
  CAF_CHECK_EQUAL(second->value->table->size(), 3u);
  CAF_CHECK(hanging()->fresh(clock->boot_now()));
  CAF_CHECK_EQUAL(hits.load(), 0u);
  CAF_CHECK_EQUAL(misses.load(), 2u);
}

CAF_TEST(a store that comes back is asked for what was good once where somebody waits for a first list) {
  const auto come_back = [&] {
    caf::anon_send(under_test, store_event{store_change::link_up, {}});
    consume_messages();
  };
  come_back();
  CAF_CHECK_EQUAL(supervisor->fallbacks, 0); // nobody wants it
  const auto reply = read();
  CAF_CHECK_EQUAL(supervisor->fallbacks, 1);
  advance(5s);
  supervisor->last_good = good(2).answer;
  come_back();
  advance(1ms);
  CAF_REQUIRE(reply->value); // it has waited for longer than a second
  CAF_CHECK_EQUAL(reply->value->table->size(), 2u);
  CAF_CHECK(reply->value->stale);
}

CAF_TEST(what was good once hangs while a refresh of an empty board goes on and nothing is counted) {
  supervisor->last_good = good(2).answer;
  refresh();
  CAF_REQUIRE(hanging()->table);
  CAF_CHECK_EQUAL(supervisor->fallbacks, 1);
  refresh();
  CAF_CHECK_EQUAL(supervisor->fallbacks, 1);
  end_fetches(failed());
  CAF_CHECK_EQUAL(hanging()->table->size(), 2u);
  CAF_CHECK_EQUAL(hits.load() + misses.load(), 0u);
}

CAF_TEST(a caller never waits past its own deadline) {
  publish_last_good(2);
  const auto patient = read();
  const auto hasty = read(clock->boot_now() + 100ms);
  advance(99ms);
  CAF_CHECK(!hasty->arrived());
  advance(1ms);
  CAF_CHECK(hasty->arrived());
  CAF_CHECK(!patient->arrived());
  advance(900ms);
  CAF_CHECK(patient->arrived());
  CAF_CHECK_EQUAL(misses.load(), 2u);
}

CAF_TEST(no timers pile up while patient and hasty callers come in turns) {
  publish_last_good(2);
  for (int i = 0; i < 300; ++i) {
    read();
    read(clock->boot_now() + 2ms);
    CAF_REQUIRE(test::pending_timers(sched) <= 3); // two, and the renewal of the lease
    advance(1ms);
  }
}

CAF_TEST(where nothing was ever good a caller waits for the fetch and a failure is no_data at once) {
  const auto reply = read();
  advance(5s);
  CAF_CHECK(!reply->arrived());
  end_fetches(failed());
  CAF_REQUIRE(reply->error);
  CAF_CHECK(*reply->error == fault::no_data);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a failed fetch is answered with last good and is not remembered) {
  publish_last_good(2);
  const auto first = read();
  end_fetches(failed());
  CAF_REQUIRE(first->value);
  CAF_CHECK(first->value->stale);
  const auto second = read();
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(good(3));
  CAF_REQUIRE(second->value);
  CAF_CHECK(!second->value->stale);
}

CAF_TEST(a young table from the state folder is never a hit) {
  publish_last_good(2);
  read();
  CAF_CHECK_EQUAL(hits.load(), 0u);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(an equal table renews the freshness but not the version) {
  read();
  end_fetches(good(3));
  const auto before = hanging();
  advance(ttl);
  read();
  end_fetches(good(3));
  CAF_CHECK_EQUAL(hanging()->version, before->version);
  CAF_CHECK(hanging()->table == before->table);
  CAF_CHECK(hanging()->fresh_until > before->fresh_until);
  advance(ttl);
  read();
  end_fetches(good(4));
  CAF_CHECK_EQUAL(hanging()->version, before->version + 1);
}

CAF_TEST(a refresh fetches although the table is fresh and shares a running fetch) {
  read();
  end_fetches(good(3));
  const auto one = refresh();
  const auto other = refresh();
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(good(4));
  CAF_REQUIRE(one->value);
  CAF_REQUIRE(other->value);
  CAF_CHECK(one->value->failure == fault::none);
  CAF_CHECK_EQUAL(one->value->version, 2u);
  CAF_CHECK_EQUAL(hits.load() + misses.load(), 1u);
}

CAF_TEST(a refresh tells why it failed and until when it is no use) {
  const auto until = clock->boot_now() + 60s;
  const auto outcome = refresh();
  end_fetches({market::spot, {}, fault::fetch_forbidden, "embargo", until});
  CAF_REQUIRE(outcome->value);
  CAF_CHECK(outcome->value->failure == fault::fetch_forbidden);
  CAF_CHECK(outcome->value->forbidden_until == until);
}

CAF_TEST(a reader answered by a refresh while the store was asked counts once) {
  store->silent = true;
  const auto reply = read();
  refresh();
  end_fetches(good(3));
  CAF_CHECK(reply->arrived());
  release_store();
  CAF_CHECK_EQUAL(hits.load() + misses.load(), 1u);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST(readers who come while both the store and the exchange are asked count once each) {
  store->silent = true;
  read();
  refresh();
  read();
  release_store();
  end_fetches(good(3));
  CAF_CHECK_EQUAL(hits.load() + misses.load(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
