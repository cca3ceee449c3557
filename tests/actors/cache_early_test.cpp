#define CAF_SUITE cache_early

#include "tests/support/cache_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_early_fixture : test::cache_fixture {
  void load() {
    read();
    end_fetches(good(3));
  }
  // Read all the time, as a busy host does, for so long; true while every answer is fresh and at once.
  bool read_on(std::chrono::nanoseconds span, std::chrono::nanoseconds pause = 1s) {
    bool good = true;
    for (std::chrono::nanoseconds gone{}; gone < span; gone += pause) {
      advance(pause);
      const auto reply = read();
      good = good && reply->value && !reply->value->stale;
    }
    return good;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_early_tests, cache_early_fixture)

CAF_TEST(reads in the last part of the ttl cause one refresh in the background and nobody waits for it) {
  load();
  CAF_CHECK(read_on(ttl * 84 / 100));
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  while (supervisor->fetches == 1 && read_on(1s)) {
  }
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK(read_on(10s)); // one, however many read while it goes on
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a busy host without warmup never sees an expiry) {
  load();
  std::uint64_t refreshes = 1;
  for (int second = 0; second < 3600; ++second) {
    advance(1s);
    const auto reply = read();
    CAF_REQUIRE(reply->value);
    CAF_REQUIRE(!reply->value->stale);
    if (!supervisor->open.empty()) {
      ++refreshes;
      end_fetches(good(3));
    }
  }
  CAF_CHECK_EQUAL(misses.load(), 1u);
  CAF_CHECK_EQUAL(hits.load(), 3600u);
  // Every 255 to 285 s.
  CAF_CHECK(refreshes >= 1 + 3600 / 286 && refreshes <= 1 + 3600 / 254);
}

CAF_TEST(the time of an early refresh differs from table to table within its bounds) {
  std::set<std::chrono::nanoseconds> ages;
  for (int i = 0; i < 8; ++i) {
    load();
    const auto fetches = supervisor->fetches;
    while (supervisor->fetches == fetches) {
      advance(1s);
      CAF_REQUIRE(read()->arrived());
    }
    const auto age = *hanging()->age(clock->boot_now());
    CAF_CHECK(age >= ttl * 85 / 100 && age <= ttl * 95 / 100 + 1s);
    ages.insert(age);
    end_fetches(good(3));
  }
  CAF_CHECK(ages.size() >= 4);
}

CAF_TEST(an early refresh that failed is tried again while the table lasts) {
  load();
  read_on(ttl * 95 / 100);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(failed());
  CAF_CHECK(read_on(1s));
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
  end_fetches(good(4));
  CAF_CHECK(read_on(ttl * 80 / 100));
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
}

CAF_TEST(while the exchange forbids asking reads cause nothing) {
  load();
  read_on(ttl * 95 / 100);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches({market::spot, {}, fault::fetch_forbidden, "embargo", clock->boot_now() + 10s});
  CAF_CHECK(read_on(9s));
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  CAF_CHECK(read_on(1s));
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
}

CAF_TEST(a refresh that failed early in the ttl is not repeated by reads before its last part) {
  load();
  advance(100s);
  refresh();
  end_fetches(failed());
  CAF_CHECK(read_on(ttl * 84 / 100 - 100s));
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
}

CAF_TEST(an early refresh waits for another process that has the lease and takes its table) {
  load();
  store->leases.begin()->second = {"other"};
  CAF_CHECK(read_on(ttl * 96 / 100));
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  put_full(full_value(4, 0s, {store->last_token + 1, 0}));
  caf::anon_send(under_test, symbols_announced{market::spot, {store->last_token + 1, 0}});
  consume_messages();
  CAF_CHECK(read_on(ttl * 80 / 100));
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a table that nobody reads expires without a fetch) {
  load();
  advance(2 * ttl);
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
