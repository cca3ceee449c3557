#define CAF_SUITE usage

#include "engine/engine.hpp"

#include <optional>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "config/keys.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_today.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct running {
  running(const test::temporary_folder& folder, const std::string& redis_url) {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.http = "127.0.0.1:0";
    config.flush_interval = 20ms;
    config.redis_url = redis_url;
    start();
  }
  ~running() { stop(); }
  void start() {
    system.emplace(config);
    host.emplace(*system);
  }
  void stop() {
    host.reset();
    system.reset();
  }
  std::string get(const std::string& path) const {
    http_client client;
    const auto answer = client.get({.url = "http://" + host->http_address() + path});
    return answer ? std::to_string(answer->status) + ' ' + answer->body : std::string{};
  }
  bool tells(const std::string& path, const std::string& part) const {
    return wait_until([&] { return get(path).find(part) != std::string::npos; });
  }

  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;
};

struct fixture {
  test::temporary_folder folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(usage_tests, fixture)

CAF_TEST(runs of a task are counted and told by status and metrics) {
  running one{folder, ""};
  { auto run = one.host->task("reconcile_orders"); }
  one.host->task("reconcile_orders").fail("the exchange knows 3 orders more");
  CAF_CHECK(wait_until([&] { return one.host->get_int_sync("metrics:reconcile_orders:success") == 1; }));
  CAF_CHECK(wait_until([&] { return one.host->get_int_sync("metrics:reconcile_orders:error") == 1; }));
  const auto status = one.get("/api/v1/status");
  CAF_CHECK(status.find("\"name\":\"reconcile_orders\",\"running\":0,\"successes\":1,\"errors\":1,\"success_rate\":0.5,") != std::string::npos);
  CAF_CHECK(status.find("\"last_error\":\"the exchange knows 3 orders more\"") != std::string::npos);
  const auto metrics = one.host->metrics_text();
  CAF_CHECK(metrics.find("holdfast_task_runs_total{task=\"reconcile_orders\",outcome=\"error\"} 1") != std::string::npos);
  CAF_CHECK(metrics.find("holdfast_task_duration_seconds_count{task=\"reconcile_orders\"} 2") != std::string::npos);
}

CAF_TEST(warmup is a task under the keys of the contract) {
  running one{folder, ""};
  CAF_CHECK(wait_until([&] { return one.host->get_int_sync(keys::warmup_success(market::spot)) >= 1; }));
  CAF_CHECK(one.tells("/api/v1/status", "\"name\":\"warmup_spot_symbols_cache\",\"running\":0,\"successes\":1,\"errors\":0"));
  CAF_CHECK(one.tells("/metrics", "holdfast_task_interval_seconds{task=\"warmup_futures_symbols_cache\"} 240\n"));
}

CAF_TEST(the last success survives a restart even of an engine that lived for a moment) {
  running one{folder, ""};
  one.host->task("nightly").succeed();
  one.stop();
  one.start();
  one.host->task_handle("nightly", 60s);
  CAF_CHECK(one.tells("/api/v1/status", "\"name\":\"nightly\",\"running\":0,\"successes\":0,\"errors\":0,\"success_rate\":null,\"last_run\":1"));
}

CAF_TEST(unusable names count into the overflow with one warning) {
  running one{folder, ""};
  test::captured_log log;
  one.host->counter("metrics:orders:a b").incr(2);
  one.host->incr("metrics:orders:a\nb");
  one.host->incr("metrics:orders");
  one.host->task("a:b").succeed();
  one.host->task("a{b}").fail("no");
  one.host->feature("grid strategy").used("user_1");
  one.host->feature("").used();
  CAF_CHECK_EQUAL(log.warnings("refused"), 1);
  CAF_CHECK(one.tells("/api/v1/status", "\"overflow\":8,"));
  CAF_CHECK(one.tells("/api/v1/status", "\"task_runs_left_out\":2"));
}

CAF_TEST(features are told with totals days and subjects from either store) {
  test::redis_server redis{{.durable = false}};
  for (const auto& url : {std::string{}, redis.url()}) {
    running one{folder, url};
    const auto day = test::today();
    const auto grid = one.host->feature("grid_strategy");
    for (int i = 0; i < 10; ++i)
      grid.used("user_" + std::to_string(i % 3));
    one.host->feature("stop_loss").used();
    CAF_CHECK(one.tells("/api/v1/features", "{\"name\":\"grid_strategy\",\"total\":10,\"subjects\":3,"));
    CAF_CHECK(one.tells("/api/v1/features?days=2", "{\"name\":\"stop_loss\",\"total\":1,\"subjects\":0,\"per_day\":[0,")
              || test::today() != day); // none yesterday, unless midnight came meanwhile
    CAF_CHECK(one.tells("/api/v1/features", "\"most_used\":[\"grid_strategy\",\"stop_loss\"],\"least_used\":[\"stop_loss\",\"grid_strategy\"]"));
    CAF_CHECK_EQUAL(one.host->features().features.size(), 2u);
    for (const auto* question : {"?days=0", "?days=32", "?days=many", "?days=-1"})
      CAF_CHECK(one.get(std::string{"/api/v1/features"} + question).starts_with("400 "));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
