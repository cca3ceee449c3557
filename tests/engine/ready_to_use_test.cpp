#define CAF_SUITE ready_to_use

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <rapidjson/document.h>

#include "engine/metrics.hpp"
#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

const std::string config_folder = HOLDFAST_SOURCE_DIR "/config/";

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

// Names of every series that an engine tells.
std::set<std::string> series_names() {
  auto made = std::make_shared<engine_snapshot>();
  for (const auto which : all_markets)
    made->markets[index(which)].published = std::make_shared<published_symbols>();
  made->values = std::make_shared<counter_readings>();
  auto snapshots = std::make_shared<snapshot_holder>();
  snapshots->replace(made);
  std::set<std::string> names;
  for (const auto& family : metrics{snapshots, std::make_shared<telemetry>(), system_clocks()}.Collect()) {
    names.insert(family.name);
    if (family.type == prometheus::MetricType::Histogram)
      for (const auto* suffix : {"_bucket", "_sum", "_count"})
        names.insert(family.name + suffix);
  }
  return names;
}

std::set<std::string> series_in(const std::string& text) {
  std::set<std::string> names;
  const std::regex name{"holdfast_[a-z_]+"};
  for (auto at = std::sregex_iterator{text.begin(), text.end(), name}; at != std::sregex_iterator{}; ++at)
    names.insert(at->str());
  return names;
}

} // namespace

CAF_TEST(every query of the grafana dashboard is about a series that exists) {
  rapidjson::Document dashboard;
  const auto text = text_of(config_folder + "grafana/holdfast.json");
  dashboard.Parse(text.c_str());
  CAF_REQUIRE(dashboard.IsObject());
  const auto known = series_names();
  int queries = 0;
  for (const auto& panel : dashboard["panels"].GetArray())
    for (const auto& target : panel["targets"].GetArray())
      for (const auto& name : series_in(target["expr"].GetString())) {
        ++queries;
        CAF_MESSAGE(name);
        CAF_CHECK(known.contains(name));
      }
  CAF_CHECK(queries > 20);
}

CAF_TEST(every alert is about a series that exists) {
  const auto known = series_names();
  const auto named = series_in(text_of(config_folder + "prometheus/holdfast.rules.yml"));
  CAF_CHECK(named.size() > 10);
  for (const auto& name : named) {
    CAF_MESSAGE(name);
    CAF_CHECK(known.contains(name));
  }
}

CAF_TEST(promtool accepts the alerts and every case of theirs) {
  if (!test::has_program("promtool")) {
    CAF_MESSAGE("skipped: no promtool");
    return;
  }
  test::child_process check{{"promtool", "check", "rules", config_folder + "prometheus/holdfast.rules.yml"}};
  CAF_CHECK_EQUAL(check.wait(), 0);
  test::child_process cases{{"promtool", "test", "rules", config_folder + "prometheus/holdfast.rules.test.yml"}};
  CAF_CHECK_EQUAL(cases.wait(), 0);
}

CAF_TEST(promtool accepts the configuration that the documentation shows) {
  if (!test::has_program("promtool")) {
    CAF_MESSAGE("skipped: no promtool");
    return;
  }
  test::temporary_folder folder;
  const auto guide = text_of(HOLDFAST_SOURCE_DIR "/docs/operations.md");
  const auto begin = guide.find("rule_files:");
  CAF_REQUIRE(begin != std::string::npos);
  auto shown = guide.substr(begin, guide.find("```", begin) - begin);
  for (const auto& [there, here] : {std::pair{std::string{"/usr/share/doc/holdfast/"}, config_folder},
                                    {"# authorization", "authorization"},
                                    {"/etc/prometheus/holdfast-token", folder.file("token")}}) {
    const auto at = shown.find(there);
    CAF_REQUIRE(at != std::string::npos);
    shown.replace(at, there.size(), here);
  }
  std::ofstream{folder.file("token")} << "secret";
  std::ofstream{folder.file("prometheus.yml")} << shown;
  test::child_process check{{"promtool", "check", "config", folder.file("prometheus.yml")}};
  CAF_CHECK_EQUAL(check.wait(), 0);
}

CAF_TEST(systemd accepts the unit) {
  if (!test::has_program("systemd-analyze")) {
    CAF_MESSAGE("skipped: no systemd-analyze");
    return;
  }
  test::temporary_folder folder;
  auto unit = text_of(config_folder + "systemd/holdfast.service");
  // The program need not be installed where it is tested.
  unit.replace(unit.find("/usr/bin/holdfast"), std::string{"/usr/bin/holdfast"}.size(), "/bin/true");
  std::ofstream{folder.file("holdfast.service")} << unit;
  test::child_process verify{{"systemd-analyze", "verify", "--man=no", folder.file("holdfast.service")}, folder.file("said")};
  CAF_CHECK_EQUAL(verify.wait(), 0);
  CAF_CHECK(text_of(folder.file("said")).find("holdfast.service") == std::string::npos);
}

CAF_TEST(the unit hides nothing that the program reads and gives up on a wrong configuration alone) {
  const auto unit = "\n" + text_of(config_folder + "systemd/holdfast.service");
  const auto says = [&](const std::string& line) { return unit.find("\n" + line + "\n") != std::string::npos; };
  // The name of the machine's start is in /proc/sys, which the subset of processes lacks.
  CAF_CHECK(says("ProcSubset=all"));
  CAF_CHECK(says("ProtectProc=invisible"));
  CAF_CHECK(says("Restart=always"));
  CAF_CHECK(says("RestartPreventExitStatus=2"));
  CAF_CHECK(unit.find("\nStartLimitIntervalSec=0\n") < unit.find("\n[Service]\n"));
  CAF_CHECK(says("EnvironmentFile=-/etc/holdfast/environment"));
}
