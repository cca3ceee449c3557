#define CAF_SUITE host_ownership

#include "engine/engine.hpp"

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <caf/actor_system.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/process_traces.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

constexpr auto key = "metrics:test:host";

std::atomic<int> broken_pipes{0};

// The host's own handler, which nothing of ours may call.
struct counted_sigpipe {
  counted_sigpipe() {
    broken_pipes = 0;
    struct sigaction mine {};
    mine.sa_handler = [](int) { ++broken_pipes; };
    ::sigaction(SIGPIPE, &mine, &before);
  }
  ~counted_sigpipe() { ::sigaction(SIGPIPE, &before, nullptr); }
  struct sigaction before {};
};

// Asks for something large and hangs up before the answer.
void ask_and_hang_up(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(handle, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET /api/v1/symbols/spot HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (int i = 0; i < 5; ++i)
      (void)!::send(handle, request.data(), request.size(), MSG_NOSIGNAL);
    const linger at_once{1, 0}; // a reset instead of a farewell
    ::setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(handle);
}

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  void prepare(options& settings, const std::string& state) {
    settings.state_dir = folder.file(state);
    settings.spot_urls = settings.futures_urls = {exchange.url()};
    settings.spot_warmup_interval = settings.futures_warmup_interval = 0ns;
    settings.flush_interval = 20ms;
    settings.fetch_timeout = 2s;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_ownership_tests, fixture)

CAF_TEST(handlers and masks and the working folder stay as the host has them) {
  test::resp_peer peer;
  engine_config config;
  prepare(config, "state");
  config.redis_url = peer.url();
  config.http = "127.0.0.1:0";
  caf::actor_system system{config};
  const auto before = test::process_settings::now();
  {
    engine host{system};
    CAF_CHECK(host.symbols_sync(market::spot, 10s).table != nullptr);
    CAF_CHECK_EQUAL(before.difference_to(test::process_settings::now()), "");
  }
  CAF_CHECK_EQUAL(before.difference_to(test::process_settings::now()), "");
}

CAF_TEST(no broken connection is a signal) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  const counted_sigpipe counting;
  test::redis_server redis;
  test::resp_peer peer{redis.socket()};
  engine_config config;
  prepare(config, "state");
  config.redis_url = peer.url();
  config.http = "127.0.0.1:0";
  config.spot_ttl = 1ms;
  caf::actor_system system{config};
  engine host{system};
  CAF_CHECK(host.symbols_sync(market::spot, 10s).table != nullptr);
  for (int round = 0; round < 10; ++round) {
    exchange.set_fault(market::spot, round % 2 == 0 ? exchange_fault::reset : exchange_fault::truncated);
    host.incr(key);
    peer.cut_all();
    host.write_json("cache:x", std::string(200'000, 'x'), 60s, 50ms);
    peer.cut_all();
    for (int client = 0; client < 5; ++client)
      ask_and_hang_up(host.http_address());
    host.symbols_sync(market::spot, 200ms);
  }
  exchange.set_fault(market::spot, exchange_fault::none);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "10"; }));
  CAF_CHECK_EQUAL(broken_pipes.load(), 0);
}

CAF_TEST(a logger of the host takes every line and keeps its level) {
  test::captured_log log;
  spdlog::get("holdfast")->set_level(spdlog::level::warn);
  const auto others = spdlog::default_logger();
  const auto others_level = others->level();
  engine_config config;
  prepare(config, "state");
  config.log_level = "trace"; // of the program, which obeys it; a host's logger is the host's
  config.http = "nowhere:1";
  caf::actor_system system{config};
  engine host{system};
  CAF_CHECK_EQUAL(log.warnings("no HTTP gateway"), 1);
  CAF_CHECK(spdlog::get("holdfast")->level() == spdlog::level::warn);
  CAF_CHECK(spdlog::default_logger() == others);
  CAF_CHECK(others->level() == others_level);
}

CAF_TEST(any scheduler of the host will do) {
  for (const auto policy : {caf::atom("stealing"), caf::atom("sharing")}) {
    engine_config config;
    prepare(config, "state");
    config.set("scheduler.policy", policy);
    config.set("scheduler.max-threads", std::size_t{1});
    caf::actor_system system{config};
    engine host{system};
    CAF_CHECK(host.symbols_sync(market::spot, 5s).table != nullptr);
    CAF_CHECK(host.incr_sync(key, 1, 5s));
  }
}

CAF_TEST(two engines of different options know nothing of each other) {
  engine_config first;
  prepare(first, "first");
  first.quote_assets = {"USDT"};
  engine_config second;
  prepare(second, "second");
  second.quote_assets = {"BTC"};
  second.ledger_capacity = 128;
  caf::actor_system first_system{first};
  std::optional<caf::actor_system> second_system{second};
  engine one{first_system};
  std::optional<engine> two{*second_system};
  one.incr(key, 1);
  two->incr(key, 2);
  CAF_CHECK(one.flush(5s) && two->flush(5s));
  CAF_CHECK_EQUAL(one.get_int_sync(key, 10s), 1);
  CAF_CHECK_EQUAL(two->get_int_sync(key, 10s), 2);
  const std::string in_usdt = "\"quoteAsset\":\"USDT\"";
  CAF_CHECK(one.symbols_sync(market::spot, 10s).table->list_json().find(in_usdt) != std::string::npos);
  CAF_CHECK(two->symbols_sync(market::spot, 10s).table->list_json().find(in_usdt) == std::string::npos);
  const auto of_second = two->counter(key);
  two.reset();
  second_system.reset();
  of_second.incr(); // counts for nobody, harms nobody
  one.incr(key, 1);
  CAF_CHECK(one.flush(5s));
  CAF_CHECK_EQUAL(one.get_int_sync(key, 10s), 2);
}

CAF_TEST(two engines on one folder share its store and adopt no ledger that is alive) {
  engine_config config;
  prepare(config, "state");
  caf::actor_system system{config};
  engine one{system};
  std::optional<engine> two{system}; // on one actor system as well as on two
  for (int i = 0; i < 1000; ++i) {
    one.incr(key);
    two->incr(key);
  }
  CAF_CHECK(one.flush(5s) && two->flush(5s));
  CAF_CHECK_EQUAL(one.get_int_sync(key, 10s), 2000);
  two.reset();
  one.incr(key);
  CAF_CHECK(one.flush(5s));
  CAF_CHECK_EQUAL(one.get_int_sync(key, 10s), 2001);
}

CAF_TEST(engines of different options share one actor system) {
  engine_config config;
  caf::actor_system system{config};
  auto first = means_of(system);
  auto second = means_of(system);
  prepare(first.settings, "first");
  prepare(second.settings, "second");
  engine one{system, first};
  engine two{system, second};
  one.incr(key, 1);
  two.incr(key, 2);
  CAF_CHECK(one.flush(5s) && two.flush(5s));
  CAF_CHECK_EQUAL(one.get_int_sync(key, 10s), 1);
  CAF_CHECK_EQUAL(two.get_int_sync(key, 10s), 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
