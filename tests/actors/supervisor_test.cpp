#define CAF_SUITE supervisor

#include "actors/supervisor.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/runtime_captured_log.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

// How the scripted fetchers behave.
struct script {
  enum class way { succeed, fail, forbid, crash, hang };
  std::array<way, market_count> ways{way::succeed, way::succeed};
  int fetches = 0;
  int starts = 0;
  bool throw_at_start = false;
  std::string detail; // of a success
};

struct hanging_state {
  std::vector<caf::typed_response_promise<fetch_outcome>> kept;
};

fetcher_actor::behavior_type scripted_fetcher(fetcher_actor::stateful_pointer<hanging_state> self, market which,
                                              std::shared_ptr<script> plan, clock_ptr clock) {
  return {[=](const fetch_symbols&) -> caf::result<fetch_outcome> {
    ++plan->fetches;
    fetch_outcome outcome;
    switch (plan->ways[index(which)]) {
      case script::way::succeed:
        outcome.answer = {test::actor_fixture::table_of(3), symbols_source::public_api, clock->wall_now(), clock->boot_now(), {}};
        outcome.detail = plan->detail;
        return outcome;
      case script::way::fail: outcome.failure = fault::fetch_failed; return outcome;
      case script::way::forbid:
        outcome.failure = fault::fetch_forbidden;
        outcome.forbidden_until = clock->boot_now() + 60s;
        return outcome;
      case script::way::crash: throw std::runtime_error{"scripted"};
      case script::way::hang: break;
    }
    self->state.kept.push_back(self->make_response_promise<fetch_outcome>());
    return self->state.kept.back();
  },
          [](const wake&) {}};
}

last_good_actor::behavior_type scripted_last_good(last_good_actor::pointer) {
  return {[](const last_good_wanted&) {
            return symbols_answer{test::actor_fixture::table_of(2), symbols_source::last_good, {}, {}, {}};
          },
          [](const table_accepted&) {}, [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_last_good_status&) { return last_good_status{}; }, [](const wake&) {}};
}

struct supervisor_fixture : test::actor_fixture {
  std::shared_ptr<script> plan = std::make_shared<script>();
  supervisor_actor under_test;
  telemetry_ptr watched = std::make_shared<telemetry>();

  void start() {
    supervisor_settings settings;
    settings.start = [this](caf::actor_system& system, market which) {
      ++plan->starts;
      if (plan->throw_at_start)
        throw std::runtime_error{"scripted start"};
      return started_fetcher{system.spawn(scripted_fetcher, which, plan, clock_ptr{clock}), {}};
    };
    settings.seed = 7;
    settings.watched = watched;
    under_test = sys.spawn(supervisor, settings, clock_ptr{clock}, sys.spawn(scripted_last_good));
    consume_messages();
  }
  ~supervisor_fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  fetch_result fetch(market which = market::spot) {
    return ask<fetch_result>(under_test, fetch_wanted{which, nullptr}).value_or(fetch_result{});
  }
  fetcher_status status(market which = market::spot) {
    return ask<supervisor_status>(under_test, get_supervisor_status{})->fetchers[index(which)];
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_tests, supervisor_fixture)

CAF_TEST(a good fetch is answered with its table) {
  start();
  const auto result = fetch();
  CAF_CHECK(result.failure == fault::none);
  CAF_CHECK(result.answer.source == symbols_source::public_api);
}

CAF_TEST(a failed fetch is answered by last good and not asked again before its backoff) {
  start();
  plan->ways[0] = script::way::fail;
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  const auto asked = plan->fetches;
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK(fetch().answer.table != nullptr);
  CAF_CHECK(plan->fetches <= asked + 1);
  CAF_CHECK(fetch(market::futures).failure == fault::none);
}

CAF_TEST(an exchange that fails for hours is a handful of lines and a recovery) {
  test::captured_log log;
  start();
  plan->ways[0] = script::way::fail;
  for (auto passed = 0s; passed < 6h; passed += 10s) {
    advance(10s);
    CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  }
  CAF_CHECK(plan->fetches > 1000);
  CAF_CHECK_EQUAL(log.warnings("fetch failed"), 1);
  CAF_CHECK(log.warnings() <= 4); // at 1, 10, 100 and 1000
  plan->ways[0] = script::way::succeed;
  advance(20s);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(log.count(spdlog::level::info, "fetch works again"), 1);
}

CAF_TEST(an embargo is neither a crash nor a failure and nobody asks until its end) {
  start();
  plan->ways[0] = script::way::forbid;
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  advance(59s);
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(plan->fetches, 1);
  CAF_CHECK_EQUAL(status().consecutive_failures, 0u);
  advance(2s);
  plan->ways[0] = script::way::succeed;
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a crashed fetcher is replaced and its fetch answered by last good) {
  start();
  plan->ways[0] = script::way::crash;
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  plan->ways[0] = script::way::succeed;
  advance(11s);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(status().restarts, 1u);
}

CAF_TEST(a fetcher that hangs past its deadline is replaced) {
  start();
  plan->ways[0] = script::way::hang;
  std::optional<fetch_result> result;
  auto handle = self->request(under_test, caf::infinite, fetch_wanted{market::spot, nullptr});
  consume_messages();
  advance(9s);
  CAF_CHECK_EQUAL(plan->starts, 2);
  advance(2s);
  handle.receive([&](fetch_result& given) { result = std::move(given); }, [](caf::error&) {});
  CAF_REQUIRE(result);
  CAF_CHECK(result->answer.source == symbols_source::last_good);
  plan->ways[0] = script::way::succeed;
  advance(11s);
  CAF_CHECK_EQUAL(plan->starts, 3);
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(five failures open the circuit and one probe closes it) {
  start();
  plan->ways[0] = script::way::fail;
  for (int i = 0; i < 5; ++i) {
    fetch();
    advance(i < 4 ? 10s : 0s);
  }
  CAF_CHECK(status().circuit == circuit_state::open);
  const auto asked = plan->fetches;
  advance(4s);
  fetch();
  CAF_CHECK_EQUAL(plan->fetches, asked);
  plan->ways[0] = script::way::succeed;
  advance(10s);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK(status().circuit == circuit_state::closed);
}

CAF_TEST(a crash loop reaches the restart intensity then degrades and recovers by a probe) {
  plan->throw_at_start = true;
  start();
  for (int i = 0; i < 600; ++i)
    advance(100ms);
  CAF_CHECK(status().down);
  CAF_CHECK_EQUAL(status().restarts, 5u);
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  plan->throw_at_start = false;
  advance(16s);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK(!status().down);
}

CAF_TEST(fetches are counted by their ending and what changes is an event) {
  start();
  fetch();
  plan->ways[0] = script::way::forbid;
  fetch();
  advance(61s);
  plan->ways[0] = script::way::crash;
  fetch();
  const auto ended = [&](fetch_ending how) {
    return watched->of(market::spot).fetches[static_cast<std::size_t>(how)].load();
  };
  CAF_CHECK_EQUAL(ended(fetch_ending::public_api), 1u);
  CAF_CHECK_EQUAL(ended(fetch_ending::forbidden), 1u);
  CAF_CHECK_EQUAL(ended(fetch_ending::crashed), 1u);
  const auto events = watched->events.newest();
  CAF_REQUIRE_EQUAL(events.size(), 2u);
  CAF_CHECK(events[0].kind == event_kind::restart);
  CAF_CHECK(events[1].kind == event_kind::embargo);
  CAF_CHECK_EQUAL(events[1].subject, "spot");
}

CAF_TEST(a table of which nothing is listed is believed and one event however often it comes) {
  plan->detail = "none of 3 symbols is listed";
  start();
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(fetch().failure == fault::none);
  const auto events = watched->events.newest();
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK(events[0].kind == event_kind::list_empty);
  CAF_CHECK_EQUAL(events[0].subject, "spot");
  CAF_CHECK_EQUAL(events[0].detail, plan->detail);
  CAF_CHECK_EQUAL(events[0].count, 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
