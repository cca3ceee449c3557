#define CAF_SUITE supervisor_circuit

#include "actors/supervisor.hpp"

#include <stdexcept>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

enum class way { succeed, fail, crash, hang };

struct breaking_script {
  way spot = way::succeed;
  int fetches = 0;
  int starts = 0;
  int cancelled = 0;
  bool start_nothing = false;
};

struct keeping_state {
  std::vector<caf::typed_response_promise<fetch_outcome>> kept;
};

fetcher_actor::behavior_type breaking_fetcher(fetcher_actor::stateful_pointer<keeping_state> self, market which,
                                              std::shared_ptr<breaking_script> plan, clock_ptr clock) {
  return {[=](const fetch_symbols&) -> caf::result<fetch_outcome> {
    const auto now = which == market::spot ? plan->spot : way::succeed;
    plan->fetches += which == market::spot ? 1 : 0;
    if (now == way::crash)
      throw std::runtime_error{"scripted"};
    if (now == way::hang) {
      self->state.kept.push_back(self->make_response_promise<fetch_outcome>());
      return self->state.kept.back();
    }
    fetch_outcome outcome;
    if (now == way::fail)
      outcome.failure = fault::fetch_failed;
    else
      outcome.answer = {test::actor_fixture::table_of(3), symbols_source::public_api, clock->wall_now(),
                        clock->boot_now(), {}};
    return outcome;
  },
          [](const wake&) {}};
}

last_good_actor::behavior_type empty_last_good(last_good_actor::pointer) {
  return {[](const last_good_wanted&) -> caf::result<symbols_answer> { return make_error(fault::no_data); },
          [](const table_accepted&) {}, [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_last_good_status&) { return last_good_status{}; }, [](const wake&) {}};
}

struct supervisor_circuit_fixture : test::actor_fixture {
  std::shared_ptr<breaking_script> plan = std::make_shared<breaking_script>();
  last_good_actor last_good = sys.spawn(empty_last_good);
  supervisor_actor under_test;
  std::vector<fetch_result> results;

  void start() {
    supervisor_settings settings;
    settings.start = [plan = plan, clock = clock](caf::actor_system& system, market which) -> started_fetcher {
      ++plan->starts;
      if (plan->start_nothing)
        return {};
      return {system.spawn(breaking_fetcher, which, plan, clock_ptr{clock}), [plan] { ++plan->cancelled; }};
    };
    settings.seed = 7;
    under_test = sys.spawn(supervisor, settings, clock_ptr{clock}, last_good);
    consume_messages();
  }
  ~supervisor_circuit_fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    caf::anon_send_exit(last_good, caf::exit_reason::kill);
    consume_messages();
  }
  // Asks without waiting; the answer is appended to `results`.
  void want(market which = market::spot) {
    sys.spawn([this, which](caf::event_based_actor* asker) {
      asker->request(under_test, caf::infinite, fetch_wanted{which, nullptr})
        .then([this](const fetch_result& result) { results.push_back(result); });
    });
    consume_messages();
  }
  fetcher_status status(market which = market::spot) {
    return ask<supervisor_status>(under_test, get_supervisor_status{})->fetchers[index(which)];
  }
  std::chrono::nanoseconds forbidden_for() {
    return status().forbidden_until.value_or(clock->boot_now()) - clock->boot_now();
  }
  // Five failures, so that the circuit has just opened.
  void open_circuit() {
    plan->spot = way::fail;
    for (int i = 0; i < 5; ++i) {
      advance(10s);
      want();
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_circuit_tests, supervisor_circuit_fixture)

CAF_TEST(a thousand who want a fetch share one) {
  start();
  plan->spot = way::hang;
  for (int i = 0; i < 1000; ++i)
    want();
  CAF_CHECK_EQUAL(plan->fetches, 1);
  advance(11s);
  CAF_CHECK_EQUAL(results.size(), 1000u);
  for (const auto& result : results)
    CAF_REQUIRE(result.failure == fault::fetch_failed);
  CAF_CHECK_EQUAL(plan->cancelled, 1);
}

CAF_TEST(the circuit opens for five then ten then fifteen seconds and no longer) {
  start();
  open_circuit();
  CAF_CHECK(status().circuit == circuit_state::open);
  for (const auto length : {10s, 15s, 15s}) {
    advance(15s);
    const auto before = plan->fetches;
    want();
    CAF_CHECK_EQUAL(plan->fetches, before + 1);
    CAF_CHECK(forbidden_for() == length);
  }
}

CAF_TEST(while the probe runs nobody else asks and a probe that hangs opens the circuit again) {
  start();
  open_circuit();
  plan->spot = way::hang;
  advance(15s);
  const auto before = plan->fetches;
  want();
  want();
  CAF_CHECK_EQUAL(plan->fetches, before + 1);
  CAF_CHECK(status().circuit == circuit_state::half_open);
  advance(10500ms);
  CAF_CHECK(status().circuit == circuit_state::open);
  CAF_CHECK_EQUAL(results.size(), 7u);
}

CAF_TEST(a crash past the restart intensity opens the circuit once and not twice) {
  start();
  plan->spot = way::crash;
  for (int i = 0; i < 5; ++i) {
    want();
    advance(2s);
  }
  CAF_CHECK_EQUAL(status().restarts, 5u);
  advance(4s);
  want();
  CAF_CHECK(status().down);
  CAF_CHECK(forbidden_for() == 10s);
  CAF_CHECK(status(market::futures).circuit == circuit_state::closed);
  CAF_CHECK_EQUAL(status(market::futures).restarts, 0u);
}

CAF_TEST(past the restart intensity a fetcher that cannot be started is tried once for each time that the circuit was open) {
  plan->start_nothing = true;
  start();
  for (int i = 0; i < 600; ++i)
    advance(100ms);
  // Of each market: the first start, five restarts, and one after 5, 10, 15, 15 and 15 s.
  CAF_CHECK(status().down);
  CAF_CHECK_LESS(plan->starts, 2 * (1 + 5 + 5) + 1);
  plan->start_nothing = false;
  advance(15s);
  want();
  CAF_REQUIRE_EQUAL(results.size(), 1u);
  CAF_CHECK(results[0].failure == fault::none);
}

CAF_TEST(a start that starts nothing is a crash like any other) {
  plan->start_nothing = true;
  start();
  want();
  CAF_REQUIRE_EQUAL(results.size(), 1u);
  CAF_CHECK(results[0].failure != fault::none);
  plan->start_nothing = false;
  advance(1s);
  want();
  CAF_REQUIRE_EQUAL(results.size(), 2u);
  CAF_CHECK(results[1].failure == fault::none);
}

CAF_TEST_FIXTURE_SCOPE_END()
