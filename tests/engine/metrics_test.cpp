#define CAF_SUITE metrics

#include "engine/metrics.hpp"

#include <fstream>
#include <iomanip>
#include <optional>
#include <regex>
#include <sstream>

#include <caf/actor_system.hpp>
#include <rapidjson/document.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

// A snapshot as the monitor would make it.
std::shared_ptr<engine_snapshot> make_snapshot(const std::vector<std::pair<std::string, std::int64_t>>& values) {
  auto made = std::make_shared<engine_snapshot>();
  for (const auto which : all_markets)
    made->markets[index(which)].published = std::make_shared<published_symbols>();
  auto readings = std::make_shared<counter_readings>();
  for (const auto& [key, value] : values) {
    counter_reading one;
    one.key = key;
    one.value = value;
    readings->readings.push_back(one);
  }
  made->values = readings;
  return made;
}

struct fixture {
  test::temporary_folder folder;
  snapshot_holder_ptr snapshots = std::make_shared<snapshot_holder>();
  telemetry_ptr watched = std::make_shared<telemetry>();
  clock_ptr clock = std::make_shared<test::manual_clock>();

  std::string text(std::size_t series_max = 10'000) const { return metrics{snapshots, watched, clock, series_max}.text(); }
  static bool has(const std::string& text, const std::string& line) { return text.find(line + '\n') != std::string::npos; }
  // Nothing, also where there is no promtool.
  std::string promtool_says(const std::string& told) const {
    if (!test::has_program("promtool")) {
      CAF_MESSAGE("skipped: no promtool");
      return {};
    }
    std::ofstream{folder.file("metrics")} << told;
    test::child_process check{{"sh", "-c", "promtool check metrics < " + folder.file("metrics")}, folder.file("said")};
    const auto status = check.wait();
    std::ostringstream said;
    said << std::ifstream{folder.file("said")}.rdbuf();
    return status == 0 ? said.str() : "status " + std::to_string(status) + ": " + said.str();
  }
};

// An engine with a gateway.
struct running {
  explicit running(const test::temporary_folder& folder) {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.http = "127.0.0.1:0";
    config.flush_interval = 20ms;
    system.emplace(config);
    host.emplace(*system);
  }
  ~running() {
    host.reset();
    system.reset();
  }
  std::string get(const std::string& path) const { return get_from("http://" + host->http_address() + path).value_or(""); }
  static std::optional<std::string> get_from(const std::string& url) {
    http_client client;
    const auto answer = client.get({.url = url});
    return answer && answer->status == 200 ? std::optional{answer->body} : std::nullopt;
  }

  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;
};

// Scrapes one address every second.
struct real_prometheus {
  real_prometheus(const test::temporary_folder& folder, const std::string& target) {
    std::ofstream{folder.file("prometheus.yml")} << "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: holdfast\n"
                                                     "  static_configs: [{targets: ['" + target + "']}]\n";
    process.emplace(std::vector<std::string>{"prometheus", "--config.file=" + folder.file("prometheus.yml"),
                                             "--storage.tsdb.path=" + folder.file("data"), "--web.listen-address=" + address},
                    folder.file("log"));
  }
  static std::string path_of(const std::string& expression) {
    std::ostringstream path;
    path << "/api/v1/query?query=" << std::hex << std::uppercase << std::setfill('0');
    for (const char c : expression)
      path << '%' << std::setw(2) << int{static_cast<unsigned char>(c)};
    return path.str();
  }
  std::string get(const std::string& path) const { return running::get_from("http://" + address + path).value_or(""); }
  std::string query(const std::string& expression) const { return get(path_of(expression)); }
  // It understands the question and knows something.
  bool tells(const std::string& path) const {
    const auto told = get(path);
    return told.find("\"success\"") != std::string::npos && told.find("[]") == std::string::npos;
  }

  const std::string address = "127.0.0.1:" + std::to_string(test::free_port());
  std::optional<test::child_process> process;
};

// A query of the dashboard with what a viewer would choose.
std::string as_chosen(std::string expression) {
  for (const auto& [variable, value] : {std::pair{"\\$instance", ".*"}, {"\\$type", ".*"}, {"\\$__rate_interval", "5s"}})
    expression = std::regex_replace(expression, std::regex{variable}, value);
  return expression;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_tests, fixture)

CAF_TEST(before the first snapshot there is what the process itself knows) {
  watched->of(market::spot).fetch_ended(fetch_ending::public_api, 20ms);
  const auto told = text();
  CAF_CHECK(has(told, "holdfast_fetches_total{market=\"spot\",outcome=\"success\",source=\"public_api\"} 1"));
  CAF_CHECK(has(told, "holdfast_fetch_duration_seconds_bucket{market=\"spot\",le=\"0.025\"} 1"));
  CAF_CHECK(has(told, "holdfast_fetch_duration_seconds_bucket{market=\"spot\",le=\"0.01\"} 0"));
  CAF_CHECK(has(told, "holdfast_fetch_duration_seconds_count{market=\"spot\"} 1"));
}

CAF_TEST(counters of the store are labelled by type and context) {
  snapshots->replace(make_snapshot({{"metrics:orders:sent", 5},
                                    {"metrics:orders:by:side", -2},
                                    {"metrics:overflow:orders", 3},
                                    {"metrics:odd:a\"b\\c d", 9'007'199'254'740'993},
                                    {"metrics:fills:币安人生USDT", 4},
                                    {"metrics:fills:BTCUSDT_260327", 3},
                                    {"other:key:x", 1}}));
  const auto told = text();
  CAF_CHECK(has(told, "holdfast_store_value{type=\"orders\",context=\"sent\"} 5"));
  CAF_CHECK(has(told, "holdfast_store_value{type=\"orders\",context=\"by:side\"} -2"));
  CAF_CHECK(has(told, "holdfast_store_value{type=\"overflow\",context=\"orders\"} 3"));
  CAF_CHECK(told.find("context=\"a\\\"b\\\\c d\"}") != std::string::npos);
  CAF_CHECK(has(told, "holdfast_store_value{type=\"fills\",context=\"币安人生USDT\"} 4"));
  CAF_CHECK(has(told, "holdfast_store_value{type=\"fills\",context=\"BTCUSDT_260327\"} 3"));
  CAF_CHECK(has(told, "holdfast_store_values_left_out 0"));
  CAF_CHECK(told.find("other:key") == std::string::npos);
}

CAF_TEST(text in labels and help is escaped) {
  prometheus::ClientMetric one;
  one.label = {{"name", "a\"b\\c\nd"}};
  one.gauge.value = 0.5;
  const auto told = to_text({{"some", "a\\b\nc", prometheus::MetricType::Gauge, {one}}});
  CAF_CHECK_EQUAL(told, "# HELP some a\\\\b\\nc\n# TYPE some gauge\nsome{name=\"a\\\"b\\\\c\\nd\"} 0.5\n");
}

CAF_TEST(counters past the cap share the overflow series) {
  snapshots->replace(make_snapshot({{"metrics:a:1", 1}, {"metrics:a:2", 2}, {"metrics:a:3", 3}, {"metrics:a:4", 4}}));
  const auto told = text(2);
  CAF_CHECK(has(told, "holdfast_store_value{type=\"a\",context=\"2\"} 2"));
  CAF_CHECK(has(told, "holdfast_store_value{type=\"overflow\",context=\"overflow\"} 7"));
  CAF_CHECK(has(told, "holdfast_store_values_left_out 2"));
  CAF_CHECK(told.find("context=\"3\"") == std::string::npos);
}

CAF_TEST(values of the store have an age and those past a bound a number) {
  const auto made = make_snapshot({{"metrics:a:b", 1}});
  made->values_read = clock->boot_now() - 90s;
  made->values_left_out = 7;
  made->store.kind = "redis";
  made->store.up = true;
  made->store.takes_writes = false;
  snapshots->replace(made);
  const auto told = text();
  CAF_CHECK(has(told, "holdfast_store_values_age_seconds 90"));
  CAF_CHECK(has(told, "holdfast_store_values_left_out 7"));
  CAF_CHECK(has(told, "holdfast_store_up{kind=\"redis\"} 1"));
  CAF_CHECK(has(told, "holdfast_store_takes_writes{kind=\"redis\"} 0"));
  made->values = nullptr;
  CAF_CHECK(text().find("holdfast_store_values_age_seconds") == std::string::npos);
}

CAF_TEST(who does not answer and whether the whole store was looked through are told) {
  const auto made = make_snapshot({{"metrics:a:b", 1}});
  made->silent = {watched_part::history};
  snapshots->replace(made);
  auto told = text();
  CAF_CHECK(has(told, "holdfast_part_silent{part=\"history\"} 1"));
  CAF_CHECK(has(told, "holdfast_part_silent{part=\"ledger\"} 0"));
  CAF_CHECK(has(told, "holdfast_store_values_complete 0"));
  made->values_complete = true;
  CAF_CHECK(has(text(), "holdfast_store_values_complete 1"));
}

CAF_TEST(keys of other programs that are no clean text or no metric share the overflow series) {
  snapshots->replace(make_snapshot({{"metrics:orders:sent", 5},
                                    {"metrics:a:\xff", 1},
                                    {"metrics::x", 10},
                                    {"metrics:nocontext", 100},
                                    {"metrics:a:two\nlines", 1'000},
                                    {"metrics:a:" + std::string(200, 'x'), 10'000},
                                    {"metrics:overflow:overflow", 100'000}}));
  const auto told = text();
  CAF_CHECK(has(told, "holdfast_store_value{type=\"orders\",context=\"sent\"} 5"));
  CAF_CHECK(has(told, "holdfast_store_value{type=\"overflow\",context=\"overflow\"} 111111"));
  CAF_CHECK(has(told, "holdfast_store_values_left_out 6"));
  CAF_CHECK_EQUAL(promtool_says(told), "");
}

CAF_TEST(promtool finds nothing to say about what the gateway serves) {
  running engine{folder};
  engine.host->incr("metrics:orders:sent", 3);
  CAF_CHECK(wait_until([&] { return engine.get("/metrics").find("context=\"sent\"} 3\n") != std::string::npos; }));
  CAF_CHECK_EQUAL(promtool_says(engine.get("/metrics")), "");
}

CAF_TEST(a real prometheus scrapes it and answers what the engine counted and every query of the dashboard) {
  if (!test::has_program("prometheus")) {
    CAF_MESSAGE("skipped: no prometheus");
    return;
  }
  running engine{folder};
  engine.host->incr("metrics:orders:sent", 42);
  engine.host->incr("metrics:feature_usage:grid");
  CAF_CHECK(wait_until([&] { return engine.host->symbols_sync(market::spot).table != nullptr; }));
  const real_prometheus prometheus{folder, engine.host->http_address()};
  const auto answers = [&](const std::string& what, const std::string& value) {
    return wait_until([&] { return prometheus.query(what).find("\"" + value + "\"]") != std::string::npos; }, 30s);
  };
  CAF_CHECK(answers("holdfast_store_value{type=\"orders\",context=\"sent\"}", "42"));
  CAF_CHECK(answers("up{job=\"holdfast\"}", "1"));
  CAF_CHECK(answers("holdfast_symbols_stale{market=\"spot\"}", "0"));
  CAF_CHECK(answers("sum(holdfast_fetches_total{outcome=\"success\"})", "2"));
  CAF_CHECK(answers("holdfast_store_up", "1"));
  CAF_CHECK(answers("histogram_quantile(0.9,sum by (le)(holdfast_fetch_duration_seconds_bucket)) > bool 0", "1"));
  rapidjson::Document dashboard;
  std::ostringstream text;
  text << std::ifstream{HOLDFAST_SOURCE_DIR "/config/grafana/holdfast.json"}.rdbuf();
  dashboard.Parse(text.str().c_str());
  CAF_REQUIRE(dashboard.IsObject());
  const auto tells = [&](const std::string& path, const std::string& question) {
    CAF_MESSAGE(question);
    return wait_until([&] { return prometheus.tells(path); }, 30s);
  };
  for (const auto& panel : dashboard["panels"].GetArray())
    for (const auto& target : panel["targets"].GetArray()) {
      const auto expression = as_chosen(target["expr"].GetString());
      CAF_CHECK(tells(real_prometheus::path_of(expression), expression));
    }
  int choices = 0;
  for (const auto& variable : dashboard["templating"]["list"].GetArray()) {
    std::smatch found;
    const std::string query = variable["query"].GetString();
    if (!std::regex_match(query, found, std::regex{"label_values\\((\\w+), (\\w+)\\)"}))
      continue;
    ++choices;
    CAF_CHECK(tells("/api/v1/label/" + found[2].str() + "/values?match%5B%5D=" + found[1].str(), query));
  }
  CAF_CHECK_EQUAL(choices, 2);
}

CAF_TEST(history is asked for over http and nonsense is told) {
  running engine{folder};
  engine.host->incr("metrics:orders:sent", 7);
  CAF_CHECK(wait_until([&] {
    return engine.get("/api/v1/history/metrics:orders:sent?since=-600").find("\"value\":7,\"rate\":null") != std::string::npos;
  }));
  CAF_CHECK(engine.get("/api/v1/history/metrics:never:seen")
            == "{\"key\":\"metrics:never:seen\",\"known\":false,\"step\":10,\"points\":[]}");
  http_client client;
  for (const auto* question :
       {"?step=0", "?since=soon", "?since=10&until=5", "?since=0&step=10", "?since=-9223372036854775808",
        "?until=-9223372036854775808", "?since=0&until=9223372036854775807", "?step=9223372036854775807"}) {
    const auto answer = client.get({.url = "http://" + engine.host->http_address() + "/api/v1/history/metrics:a:b" + question});
    CAF_CHECK(answer && answer->status == 400);
  }
}

CAF_TEST(what changes its state is an event in the status) {
  running engine{folder};
  CAF_CHECK(wait_until([&] { return engine.get("/api/v1/status").find("\"kind\":\"fresh\",\"subject\":\"spot\"") != std::string::npos; }));
  const auto status = engine.get("/api/v1/status?events=1");
  CAF_CHECK(status.find("\"kind\":\"started\"") == std::string::npos);
  CAF_CHECK(engine.get("/api/v1/status").find("\"kind\":\"started\"") != std::string::npos);
  CAF_CHECK(wait_until([&] { return engine.get("/api/v1/status").find("\"stale\":false,\"since\":1") != std::string::npos; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
