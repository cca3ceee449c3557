#define CAF_SUITE cache_feed

#include "tests/support/cache_fixture.hpp"
#include "tests/support/runtime_captured_log.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

using heard = std::vector<symbols_changed>;

symbols_listener::behavior_type note_all(symbols_listener::pointer, std::shared_ptr<heard> into) {
  return {[into](const symbols_changed& news) { into->push_back(news); }};
}

struct cache_feed_fixture : test::cache_fixture {
  void report() {
    caf::anon_send(under_test, rejection_reported{market::spot, "S0USDT"});
    consume_messages();
  }
  test::pending<symbols_reply> read_no_older_than(std::chrono::nanoseconds age) {
    auto got = post<symbols_reply>(get_symbols{market::spot, {}, age});
    consume_messages();
    return got;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_feed_tests, cache_feed_fixture)

CAF_TEST(subscribers hear what changed and nothing while nothing does) {
  auto into = std::make_shared<heard>();
  auto listener = sys.spawn(note_all, into);
  caf::anon_send(under_test, symbols_listen{listener});
  refresh();
  end_fetches(good(3));
  CAF_REQUIRE_EQUAL(into->size(), 1u);
  CAF_CHECK_EQUAL(into->at(0).diff->added.size(), 3u);
  refresh();
  end_fetches(good(3));
  CAF_CHECK_EQUAL(into->size(), 1u);
  refresh();
  end_fetches(good(2));
  CAF_REQUIRE_EQUAL(into->size(), 2u);
  CAF_CHECK_EQUAL(into->at(1).version, 2u);
  CAF_CHECK_EQUAL(into->at(1).diff->removed.size(), 1u);
  caf::anon_send_exit(listener, caf::exit_reason::kill);
  consume_messages();
  refresh();
  end_fetches(good(4));
  CAF_CHECK_EQUAL(into->size(), 2u);
}

CAF_TEST(rejected orders cause one refresh at once and at most one in ten seconds) {
  read();
  end_fetches(good(3));
  advance(20s);
  for (int i = 0; i < 100; ++i)
    report();
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  end_fetches(good(3));
  report();
  report();
  advance(9999ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  advance(1ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
}

CAF_TEST(a rejection is answered by a table that somebody fetched after it) {
  read();
  end_fetches(good(3));
  advance(5s);
  report();
  advance(1s);
  refresh();
  end_fetches(good(3));
  advance(4s);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
}

CAF_TEST(a rejection reported while a fetch is running is not answered by it) {
  read();
  end_fetches(good(3));
  advance(20s);
  refresh();
  const auto asked_before = good(3);
  advance(1s);
  report();
  end_fetches(asked_before);
  advance(9999ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  advance(1ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
  end_fetches(good(3));
  advance(100s);
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
}

CAF_TEST(a rejection whose refresh fails is followed by another one as soon as that is allowed) {
  read();
  end_fetches(good(3));
  advance(20s);
  report();
  end_fetches(failed());
  report();
  advance(9999ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 2);
  advance(1ms);
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
  auto forbidden = failed();
  forbidden.failure = fault::fetch_forbidden;
  forbidden.forbidden_until = clock->boot_now() + 60s;
  end_fetches(forbidden);
  advance(60s - 1ns);
  CAF_CHECK_EQUAL(supervisor->fetches, 3);
  advance(1ns);
  CAF_CHECK_EQUAL(supervisor->fetches, 4);
  end_fetches(good(3));
  advance(100s);
  CAF_CHECK_EQUAL(supervisor->fetches, 4);
}

CAF_TEST(a rejection is forgotten when every table from before it is stale) {
  read();
  end_fetches(good(3));
  advance(20s);
  report();
  for (int i = 0; i < 100; ++i) {
    end_fetches(failed());
    advance(10s);
  }
  CAF_CHECK_EQUAL(supervisor->fetches, 1 + 31); // every 10 s, the last one when the TTL was over
}

CAF_TEST(a stale answer older than the caller accepts is refused and only for callers who ask) {
  publish_last_good(2);
  advance(60s);
  const auto strict = read_no_older_than(59s);
  const auto patient = read_no_older_than(61s);
  const auto any = read();
  end_fetches(failed());
  CAF_REQUIRE(strict->error);
  CAF_CHECK(*strict->error == fault::too_stale);
  CAF_CHECK(patient->value.has_value());
  CAF_CHECK(any->value.has_value());
}

CAF_TEST(a fresh answer is never too stale) {
  read();
  end_fetches(good(3));
  advance(100s);
  CAF_CHECK(read_no_older_than(1s)->value.has_value());
}

CAF_TEST(a symbol that a host reports is one field of one line) {
  const test::captured_log log;
  caf::anon_send(under_test, rejection_reported{market::spot, "S0\nUSDT market=\"futures\""});
  consume_messages();
  CAF_CHECK_EQUAL(log.count(spdlog::level::info, "symbol=\"S0\\\\x0aUSDT market=\\\"futures\\\"\""), 1);
  CAF_CHECK_EQUAL(log.count(spdlog::level::info, "\n"), 0);
}

CAF_TEST(a list that the store refuses is offered again until it is taken) {
  test::captured_log log;
  read();
  store->refuses = fault::store_refused;
  end_fetches(good(3));
  CAF_CHECK_EQUAL(log.warnings("writing lists into the store failed market=spot"), 1);
  advance(31s);
  CAF_CHECK(store->written.empty());
  store->refuses = fault::none;
  advance(31s);
  CAF_REQUIRE_EQUAL(store->written.size(), 1u);
  CAF_CHECK_EQUAL(log.count(spdlog::level::info, "writing lists into the store works again market=spot"), 1);
  advance(61s);
  CAF_CHECK_EQUAL(store->written.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
