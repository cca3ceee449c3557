#define CAF_SUITE monitor_routes

#include "engine/monitor_routes.hpp"

#include <optional>

#include <caf/actor_system.hpp>

#include "engine/engine.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST(why there is no line is told by the status) {
  CAF_CHECK_EQUAL(history_answer_for({"metrics:a:b", {}, {}, fault::none}).status, 200u);
  CAF_CHECK_EQUAL(history_answer_for({"metrics:a:b", {}, "more than 20000 points", fault::bad_request}).status, 400u);
  CAF_CHECK_EQUAL(history_answer_for({"metrics:a:b", {}, "no history is kept", fault::no_data}).status, 404u);
  CAF_CHECK_EQUAL(history_answer_for({"metrics:a:b", {}, "deadline", fault::deadline}).status, 503u);
  CAF_CHECK_EQUAL(history_answer_for({"metrics:a:b", {}, "stopping", fault::stopping}).status, 503u);
}

CAF_TEST(a history that is not kept is not found and the rest is told all the same) {
  const test::temporary_folder folder;
  engine_config config;
  config.state_dir = folder.file("state");
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.http = "127.0.0.1:0";
  config.history_fine = config.history_minutes = config.history_hours = 0ns;
  caf::actor_system system{config};
  {
    engine host{system};
    http_client client;
    const auto status_of = [&](const std::string& path) {
      const auto answer = client.get({.url = "http://" + host.http_address() + path});
      return answer ? answer->status : 0;
    };
    CAF_CHECK_EQUAL(status_of("/api/v1/history/metrics:a:b"), 404);
    CAF_CHECK_EQUAL(status_of("/api/v1/status"), 200);
    CAF_CHECK_EQUAL(status_of("/api/v1/features"), 200);
    CAF_CHECK_EQUAL(status_of("/metrics"), 200);
  }
}
