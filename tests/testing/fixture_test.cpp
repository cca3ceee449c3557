#define CAF_SUITE fixture

#include <pthread.h>

#include <caf/event_based_actor.hpp>
#include <holdfast/config/keys.hpp>
#include <holdfast/testing/fixture.hpp>

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

using changes = std::vector<store_change>;

store_listener::behavior_type note_changes(store_listener::pointer, std::shared_ptr<changes> into) {
  return {[into](const store_event& event) { into->push_back(event.change); }, [](const symbols_announced&) {}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(fixture_tests, testing::fixture)

CAF_TEST(the first read is a miss and further ones are hits until the ttl has passed) {
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 0u);
  const auto first = engine().symbols_sync(market::spot);
  CAF_REQUIRE(first.table != nullptr);
  CAF_CHECK(!first.stale);
  CAF_CHECK(first.source == symbols_source::public_api);
  CAF_CHECK_EQUAL(first.table->find("BTCUSDT")->tick_size.text(), "0.01");
  engine().symbols_sync(market::spot);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 1u);
  advance(301s);
  CAF_CHECK(engine().symbols(market::spot).stale());
  CAF_CHECK(!engine().symbols_sync(market::spot).stale);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 2u);
  CAF_CHECK_EQUAL(counted(keys::cache_hit(market::spot)), 1);
  CAF_CHECK_EQUAL(counted(keys::cache_miss(market::spot)), 2);
}

CAF_TEST(a list outlives every failure of the exchange with its age) {
  engine().symbols_sync(market::spot);
  advance(10min);
  const std::vector<std::function<void()>> failures{
    [&] { exchange.fail(market::spot); }, [&] { exchange.unreachable(market::spot); }, [&] { exchange.hang(market::spot); },
    [&] { exchange.crash(market::spot); }, [&] { exchange.list(market::spot, {}); exchange.recover(market::spot); }};
  for (const auto& fails : failures) {
    fails();
    advance(1min);
    const auto reply = engine().symbols_sync(market::spot);
    CAF_CHECK(reply.table != nullptr);
    CAF_CHECK(reply.stale);
    CAF_CHECK(reply.age && *reply.age >= 10min);
  }
  exchange.list(market::spot, {"BTCUSDT", "SOLUSDT"});
  advance(1min);
  const auto reply = engine().symbols_sync(market::spot);
  CAF_CHECK(!reply.stale);
  CAF_CHECK(reply.table->find("SOLUSDT") != nullptr);
}

CAF_TEST(a ban is obeyed to the second) {
  exchange.ban(market::futures, 90s);
  CAF_CHECK(engine().symbols_sync(market::futures).table == nullptr);
  const auto asked = exchange.requests(market::futures);
  advance(60s);
  engine().symbols_sync(market::futures);
  CAF_CHECK_EQUAL(exchange.requests(market::futures), asked);
  exchange.recover(market::futures);
  advance(60s);
  CAF_CHECK(engine().symbols_sync(market::futures).table != nullptr);
}

CAF_TEST(counters wait in the ledger while the store is away) {
  const auto sent = engine().counter("metrics:orders:sent");
  sent.incr();
  advance(1s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 1);
  store.go_away();
  sent.incr(2);
  advance(1s);
  CAF_CHECK_EQUAL(counted("metrics:orders:sent"), 3);
  CAF_CHECK(!engine().flush(1s));
  store.come_back();
  advance(10s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 3);
}

CAF_TEST(an emptied store heals and a refusing one is waited for) {
  engine().incr("metrics:orders:sent", 5);
  advance(1s);
  store.empty();
  advance(10s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 5);
  store.refuse(fault::store_refused);
  engine().incr("metrics:orders:sent");
  advance(1s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 5);
  store.refuse(fault::none);
  advance(2min);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 6);
}

CAF_TEST(a store that is emptied while it is away is heard of when it is back) {
  const auto first = std::make_shared<changes>();
  const auto late = std::make_shared<changes>();
  const auto listen = [&](std::shared_ptr<changes> into) {
    caf::anon_send(store.handle(), store_listen{sys.spawn(note_changes, std::move(into))});
    run();
  };
  listen(first);
  engine().incr("metrics:orders:sent", 5);
  advance(1s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 5);
  store.go_away();
  store.empty();
  listen(late);
  advance(1s);
  CAF_CHECK((*first == changes{store_change::link_up, store_change::link_down}));
  CAF_CHECK(late->empty());
  first->clear();
  store.come_back();
  advance(10s);
  CAF_CHECK((*first == changes{store_change::identity, store_change::link_up}));
  CAF_CHECK((*late == changes{store_change::link_up}));
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 5);
  first->clear();
  store.go_away();
  run();
  store.come_back();
  run();
  CAF_CHECK((*first == changes{store_change::link_down, store_change::link_up}));
}

CAF_TEST(a store that hangs holds nobody up and answers later) {
  store.hang();
  engine().incr("metrics:orders:sent");
  advance(1s);
  CAF_CHECK(!engine().read_json("cache:x"));
  CAF_CHECK(store.merges() > 0);
  store.answer_again();
  advance(10s);
  CAF_CHECK_EQUAL(stored("metrics:orders:sent"), 1);
}

CAF_TEST(what was counted outlives a restart) {
  store.go_away();
  engine().incr("metrics:orders:sent", 7);
  engine().symbols_sync(market::spot);
  exchange.unreachable(market::spot);
  restart();
  store.come_back();
  advance(30s);
  CAF_CHECK_EQUAL(counted("metrics:orders:sent"), 7);
  CAF_CHECK(engine().symbols(market::spot).find("BTCUSDT") != nullptr);
}

CAF_TEST(where no thread is to be had the engine lives without a gateway) {
  pthread_attr_t usual;
  pthread_attr_t huge;
  CAF_REQUIRE_EQUAL(::pthread_getattr_default_np(&usual), 0);
  CAF_REQUIRE_EQUAL(::pthread_getattr_default_np(&huge), 0);
  CAF_REQUIRE_EQUAL(::pthread_attr_setstacksize(&huge, std::size_t{1} << 47), 0);
  CAF_REQUIRE_EQUAL(::pthread_setattr_default_np(&huge), 0);
  restart([](options& wanted) { wanted.http = "127.0.0.1:0"; });
  ::pthread_setattr_default_np(&usual);
  ::pthread_attr_destroy(&huge);
  ::pthread_attr_destroy(&usual);
  CAF_CHECK(engine().http_address().empty());
  CAF_CHECK(engine().incr_sync("metrics:orders:sent"));
}

CAF_TEST(an actor of the host asks by message) {
  std::size_t listed = 0;
  sys.spawn([&](caf::event_based_actor* host) {
    host->request(engine().cache(), 5s, get_symbols{market::futures, std::nullopt}).then([&](const symbols_reply& reply) {
      listed = reply.table->listed().size();
    });
  });
  run();
  CAF_CHECK_EQUAL(listed, 2u);
  CAF_CHECK_EQUAL(engine().status().store.kind, "scripted");
  CAF_CHECK(engine().status().store.up);
  store.go_away();
  CAF_CHECK(!engine().status().store.up);
}

CAF_TEST_FIXTURE_SCOPE_END()
