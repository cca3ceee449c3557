// Ready is whoever can answer for both markets, and the question itself brings what is missing.
#define CAF_SUITE readiness

#include "config/keys.hpp"
#include "tests/support/gateway_fixture.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_wait.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct fixture : test::gateway_fixture {
  void start_on(const std::string& state) {
    config.state_dir = folder.file(state);
    start();
  }
  http_answer readyz() const { return get("/readyz"); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(readiness_tests, fixture)

CAF_TEST(a market that nobody has asked for becomes ready by the question which counts as no read) {
  start();
  CAF_CHECK_EQUAL(readyz().status, 503);
  CAF_CHECK(wait_until([&] { return readyz().status == 200; }));
  for (const auto which : all_markets) {
    CAF_CHECK_EQUAL(exchange.requests(which), 1u);
    CAF_CHECK_EQUAL(host->read(keys::cache_hit(which)).value, 0);
    CAF_CHECK_EQUAL(host->read(keys::cache_miss(which)).value, 0);
  }
}

CAF_TEST(whoever asks again and again asks the exchange no more often than readers may) {
  exchange.set_fault(market::spot, exchange_fault::banned, 3600s);
  start();
  CAF_CHECK(wait_until([&] { return readyz().body.find("no symbols of spot yet") != std::string::npos && exchange.requests(market::spot) > 0; }));
  for (int i = 0; i < 100; ++i)
    CAF_CHECK_EQUAL(readyz().status, 503);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 1u);
}

CAF_TEST(lists that only redis has are answered stale within a second and make ready while the exchange hangs) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  config.redis_url = redis.url();
  config.spot_ttl = config.futures_ttl = 2s;
  start_on("one");
  for (const auto which : all_markets)
    CAF_REQUIRE(host->symbols_sync(which, 10s).table != nullptr);
  const auto in_redis = [&](std::string_view key) { return redis.ask({"EXISTS", std::string{key}}) == "1"; };
  for (const auto which : all_markets)
    CAF_REQUIRE(wait_until([&] { return in_redis(keys::symbols_full(which)); }));
  stop();
  for (const auto which : all_markets) // neither is fresh there
    CAF_REQUIRE(wait_until([&] { return !in_redis(keys::symbols_cache(which)); }));
  for (const auto which : all_markets)
    exchange.set_fault(which, exchange_fault::hang, 60s);
  config.fetch_timeout = 60s;
  start_on("other");
  const auto began = boot_clock::now();
  const auto reply = host->symbols_sync(market::spot, 30s);
  CAF_CHECK(boot_clock::now() - began < 5s); // a second, and what a busy machine may add
  CAF_REQUIRE(reply.table != nullptr);
  CAF_CHECK(reply.stale);
  CAF_CHECK(reply.source == symbols_source::last_good);
  CAF_CHECK(wait_until([&] { return readyz().status == 200; })); // futures by the question alone
}

CAF_TEST_FIXTURE_SCOPE_END()
