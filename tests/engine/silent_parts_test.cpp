// What is told where an actor does not answer, as one that has died.
#define CAF_SUITE silent_parts

#include "engine/engine.hpp"

#include <algorithm>
#include <optional>

#include "engine/shared_counters.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct fixture {
  test::temporary_folder folder;
  engine_config config;
  std::optional<test::engine_host> host;

  fixture() {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
    config.http = "127.0.0.1:0";
    host.emplace(config);
    CAF_REQUIRE(
        wait_until([&] { return engine().metrics_text().find("holdfast_ledger_durable 1\n") != std::string::npos; }));
  }
  holdfast::engine& engine() { return host->front; }
  http_answer get(const std::string& path) {
    http_client client;
    const auto answer = client.get({.url = "http://" + engine().http_address() + path});
    return answer ? *answer : http_answer{};
  }
  void kill_counters() {
    caf::anon_send_exit(engine().counters(), caf::exit_reason::kill);
    CAF_REQUIRE(wait_until([&] { return !engine().status().silent.empty(); }));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(silent_parts_tests, fixture)

CAF_TEST(everybody who answers is none of the silent ones) {
  const auto status = engine().status();
  CAF_CHECK(status.silent.empty());
  CAF_CHECK(get("/api/v1/status").body.find("\"silent\":[]") != std::string::npos);
}

CAF_TEST(whoever does not answer is named and is what it told last instead of empty) {
  kill_counters();
  const auto status = engine().status();
  CAF_REQUIRE_EQUAL(status.silent.size(), 1u);
  CAF_CHECK_EQUAL(status.silent.front(), "ledger");
  CAF_CHECK(status.counters.durable);
  CAF_CHECK(status.counters.capacity > 0);
  CAF_CHECK(get("/api/v1/status").body.find("\"silent\":[\"ledger\"]") != std::string::npos);
  CAF_CHECK(wait_until([&] { return get("/metrics").body.find("holdfast_part_silent{part=\"ledger\"} 1\n") != std::string::npos; }));
}

CAF_TEST(a question for counters that nobody answers is not told as none) {
  kill_counters();
  const auto found = engine().read_matching("*");
  CAF_CHECK(found.error != fault::none);
  CAF_CHECK(!found.all_listed);
  for (const auto* path : {"/api/v1/counters", "/api/v1/counters?max_age_ms=800", "/api/v1/counters?match=metrics:a*"})
    CAF_CHECK_EQUAL(get(path).status, 503);
}

CAF_TEST(whoever takes counters that are a little old shares a reading) {
  engine().incr("metrics:a:b");
  const auto first = get("/api/v1/counters?max_age_ms=60000");
  CAF_CHECK(first.body.find("\"metrics:a:b\":1") != std::string::npos);
  CAF_CHECK_EQUAL(std::string{first.header("x-holdfast-stale").value_or("")}, "false");
  engine().incr("metrics:a:b");
  const auto shared = get("/api/v1/counters?max_age_ms=60000");
  CAF_CHECK_EQUAL(shared.body, first.body);
  CAF_CHECK(shared.header("x-holdfast-age-ms").has_value());
  CAF_CHECK(get("/api/v1/counters").body.find("\"metrics:a:b\":2") != std::string::npos);
  for (const auto* age : {"-1", "soon", "60001"})
    CAF_CHECK_EQUAL(get(std::string{"/api/v1/counters?max_age_ms="} + age).status, 400);
}

CAF_TEST_FIXTURE_SCOPE_END()
