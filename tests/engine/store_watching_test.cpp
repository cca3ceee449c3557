// What an engine tells of its store: with a real Redis whether it takes writes and every counter in it; losses of the embedded one.
#define CAF_SUITE store_watching

#include "engine/engine.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>

#include "config/keys.hpp"
#include "tests/support/counting_process.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct fixture {
  test::temporary_folder folder;
  test::redis_server redis{{.durable = false}};
  engine_config config;
  std::optional<test::engine_host> host;

  engine& start() {
    test::prepare_counting(config, redis.url(), folder.file("state"));
    return host.emplace(config).front;
  }
  bool tells(const std::string& line) { return host->front.metrics_text().find(line + '\n') != std::string::npos; }
  std::ptrdiff_t events(event_kind kind, std::string_view subject = "redis") {
    const auto all = host->front.watched()->events.newest();
    return std::count_if(all.begin(), all.end(), [&](const event& one) { return one.kind == kind && one.subject == subject; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_watching_tests, fixture)

CAF_TEST(a redis that is full is told as one that takes no writes until it takes them) {
  auto& engine = start();
  engine.incr("metrics:test:kept");
  CAF_CHECK(wait_until([&] { return tells("holdfast_store_takes_writes{kind=\"redis\"} 1") && tells("holdfast_store_up{kind=\"redis\"} 1"); }));
  CAF_CHECK_EQUAL(redis.ask({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  engine.incr("metrics:test:kept");
  CAF_CHECK(wait_until([&] { return tells("holdfast_store_takes_writes{kind=\"redis\"} 0"); }));
  CAF_CHECK(tells("holdfast_store_up{kind=\"redis\"} 1"));
  CAF_CHECK(wait_until([&] { return events(event_kind::writes_refused) == 1; }));
  const auto store = engine.status().store;
  CAF_CHECK(store.up && !store.takes_writes);
  CAF_CHECK(store.last_error.starts_with("OOM"));
  CAF_CHECK_EQUAL(redis.ask({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  CAF_CHECK(wait_until([&] { return tells("holdfast_store_takes_writes{kind=\"redis\"} 1"); }, 40s));
  CAF_CHECK(wait_until([&] { return events(event_kind::writes_taken) == 1; }));
  CAF_CHECK_EQUAL(events(event_kind::writes_refused), 1);
}

CAF_TEST(an embedded store that cannot be read is an event and its return another) {
  test::prepare_counting(config, "", folder.file("state"));
  auto& engine = host.emplace(config).front;
  const auto path = folder.file("state/store.sqlite");
  CAF_CHECK(wait_until([&] { return events(event_kind::link_up, "embedded") == 1; }));
  CAF_CHECK(engine.incr_sync("metrics:a:b", 1, 10s));
  CAF_CHECK(!tells("holdfast_store_round_trip_seconds_count 0"));
  CAF_CHECK(test::execute(path, "ALTER TABLE entry RENAME TO away"));
  CAF_CHECK(wait_until([&] {
    engine.get_int_sync("metrics:a:b");
    return events(event_kind::link_down, "embedded") == 1;
  }));
  CAF_CHECK(test::execute(path, "ALTER TABLE away RENAME TO entry"));
  CAF_CHECK(wait_until([&] {
    engine.get_int_sync("metrics:a:b");
    return events(event_kind::link_up, "embedded") == 2;
  }));
  CAF_CHECK_EQUAL(events(event_kind::link_down, "embedded"), 1);
}

CAF_TEST(what others count is measured once each and what we count is in the history whatever its name) {
  redis.ask({"SET", "metrics:other:program", "5"});
  redis.ask({"SET", std::string{keys::last_refresh(market::spot)}, "77"});
  auto& engine = start();
  engine.incr("orders:sent", 3);
  CAF_CHECK(wait_until([&] { return tells("holdfast_store_value{type=\"other\",context=\"program\"} 5"); }));
  const std::string stamp = "holdfast_store_value{type=\"spot_symbols_cache\",context=\"last_refresh_ts\"} 77\n";
  const auto told = engine.metrics_text();
  const auto first = told.find(stamp);
  CAF_REQUIRE(first != std::string::npos);
  CAF_CHECK(told.find(stamp, first + 1) == std::string::npos);
  std::atomic<int> points{0};
  CAF_CHECK(wait_until([&] {
    engine.history_async({"orders:sent", {}, {}, {}}, [&](const history_answer& answer) {
      points = static_cast<int>(answer.line.points.size());
    });
    return points > 0;
  }));
  host.reset(); // before what its callbacks write to
}

CAF_TEST(a counter of another program is found by its name and stays while redis is away) {
  CAF_REQUIRE_EQUAL(redis.ask({"SET", "metrics:legacy:orders", "41"}), "OK");
  auto& engine = start();
  const auto told = [&](std::string_view glob) {
    const auto found = engine.read_matching(glob);
    const auto at = std::find_if(found.readings.begin(), found.readings.end(),
                                 [](const auto& one) { return one.key == "metrics:legacy:orders"; });
    return at == found.readings.end() ? std::optional<counter_reading>{} : std::optional{*at};
  };
  CAF_CHECK(wait_until([&] { return told("metrics:legacy:*").has_value(); }, 30s));
  const auto known = told("metrics:*");
  CAF_CHECK(known && known->value == 41 && known->source == counter_source::redis);
  CAF_CHECK(!told("metrics:other:*"));
  redis.kill();
  CAF_CHECK(wait_until([&] { return told("metrics:*") && told("metrics:*")->source == counter_source::ledger; }, 30s));
  CAF_CHECK_EQUAL(told("metrics:*").value_or(counter_reading{}).value, 41);
}

CAF_TEST_FIXTURE_SCOPE_END()
