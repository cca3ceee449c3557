// An engine with a gateway and a simulated exchange, and no warmup: what a test asks for is all that is fetched.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

namespace holdfast::test {

struct gateway_fixture {
  temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;

  gateway_fixture() {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = std::chrono::nanoseconds{0};
    config.http = "127.0.0.1:0";
  }
  ~gateway_fixture() { stop(); }

  void start() {
    system.emplace(config);
    host.emplace(*system);
    CAF_REQUIRE(!host->http_address().empty());
  }
  void stop() {
    host.reset();
    system.reset();
  }
  using header_list = std::vector<std::pair<std::string, std::string>>;
  http_answer get(const std::string& path, header_list headers = {}) const {
    http_client client;
    const auto answer = client.get({.url = "http://" + host->http_address() + path, .headers = std::move(headers)});
    return answer ? *answer : http_answer{};
  }
};

} // namespace holdfast::test
