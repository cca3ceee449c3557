#define CAF_SUITE rate_limiter

#include "actors/rate_limiter.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/pending_timers.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr auto key = "rate_limit:a:b";

// A store that decides as every store does, or as the script says.
struct script {
  std::map<std::string, std::string> states;
  std::vector<store_rate_limits> asked;
  fault refuses = fault::none;
  fault refuses_key = fault::none; // every question for itself
  bool silent = false;
  std::chrono::nanoseconds delay{0}; // of the answers
  std::vector<std::pair<caf::typed_response_promise<store_rate_limits_reply>, store_rate_limits_reply>> late;
  std::int64_t processes = 3;
};

store_actor::behavior_type scripted_store(store_actor::pointer self, std::shared_ptr<script> plan, clock_ptr clock) {
  const auto confirm = [](const auto&) { return done{}; };
  return {
    [](const store_read&) { return store_value{}; },
    [confirm](const store_write& what) { return confirm(what); },
    [confirm](const store_erase& what) { return confirm(what); },
    [confirm](const store_symbols& what) { return confirm(what); },
    [](const store_merge&) { return store_merge_reply{}; },
    [](const store_read_counters&) { return store_counters_found{}; },
    [](const store_list_counters&) { return store_keys{}; },
    [confirm](const store_raise& what) { return confirm(what); },
    [](const lease_wanted&) { return lease_reply{}; },
    [confirm](const lease_returned& what) { return confirm(what); },
    [=](const store_rate_limits& wanted) -> caf::result<store_rate_limits_reply> {
      plan->asked.push_back(wanted);
      if (plan->silent)
        return self->make_response_promise<store_rate_limits_reply>();
      if (plan->refuses != fault::none)
        return make_error(plan->refuses);
      store_rate_limits_reply reply;
      const auto now = clock->wall_now().time_since_epoch().count();
      for (const auto& one : wanted.questions)
        reply.answers.push_back({plan->refuses_key, decide(plan->states[one.key], one.request, now).verdicts});
      reply.processes = wanted.process.empty() ? 0 : plan->processes;
      if (plan->delay == 0ns)
        return reply;
      auto promise = self->make_response_promise<store_rate_limits_reply>();
      plan->late.emplace_back(promise, std::move(reply));
      self->delayed_send(self, plan->delay, wake{});
      return promise;
    },
    [confirm](const store_announce& what) { return confirm(what); },
    [confirm](const store_add_distinct& what) { return confirm(what); },
    [](const store_count_distinct&) { return store_distinct_found{}; },
    [](const store_listen&) {},
    [](const get_store_status&) { return store_status{}; },
    [=](const wake&) {
      for (auto& [promise, reply] : std::exchange(plan->late, {}))
        promise.deliver(std::move(reply));
    },
  };
}

struct fixture : test::actor_fixture {
  std::shared_ptr<script> plan = std::make_shared<script>();
  store_actor store = sys.spawn(scripted_store, plan, clock_ptr{clock});
  limiter_registry_ptr registry
    = std::make_shared<limiter_registry>(clock, [](const std::string&) { return limiter_counters{}; });
  rate_limiter_actor under_test = sys.spawn(rate_limiter, rate_limiter_settings{"me"}, clock_ptr{clock}, registry, store);
  std::vector<rate_decision> answers;
  // What is still under way is answered while there is somebody to take it.
  ~fixture() { run(); }

  static acquire_permits wanted(std::int64_t limit = 3, std::uint32_t amount = 1, limiter_options options = {}) {
    return {key, limit, 1s, amount, options};
  }
  std::optional<rate_decision> acquire(const acquire_permits& what) { return ask<rate_decision>(under_test, what); }
  // As a handle does.
  void await(std::uint32_t amount = 1, std::int64_t limit = 3, const limiter_options& options = {}, const char* of = key,
             std::optional<std::chrono::nanoseconds> patience = {}) {
    const auto core = registry->find(*check_rate_limit(of, limit, 1s, options));
    caf::anon_send(under_test, permits_awaited{std::make_shared<awaited_permits>(
                                 core, amount, clock->boot_now(), patience.value_or(options.deadline),
                                 [this](const rate_decision& decision) { answers.push_back(decision); })});
  }
  std::string text() const {
    std::string text;
    for (const auto& one : answers)
      text += one.basis == rate_basis::blind ? (one.allowed ? 'B' : 'b') : (one.allowed ? '+' : '-');
    return text;
  }
  rate_limiter_status status() { return *ask<rate_limiter_status>(under_test, get_rate_limiter_status{}); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(rate_limiter_tests, fixture)

CAF_TEST(the store decides and its refusal is remembered until it may admit again) {
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(acquire(wanted())->allowed);
  const auto refused = *acquire(wanted());
  CAF_CHECK(!refused.allowed);
  CAF_CHECK(refused.retry_after == 1s);
  const auto questions = plan->asked.size();
  advance(999ms);
  CAF_CHECK(!acquire(wanted())->allowed);
  CAF_CHECK_EQUAL(plan->asked.size(), questions);
  advance(1ms);
  CAF_CHECK(acquire(wanted())->allowed);
}

CAF_TEST(everything that waits goes to the store together) {
  for (int i = 0; i < 200; ++i)
    await(1, 1000);
  await(1, 5, {}, "rate_limit:c:d");
  consume_messages();
  CAF_CHECK_EQUAL(answers.size(), 201u);
  CAF_CHECK_EQUAL(plan->asked.size(), 2u);
  CAF_CHECK_EQUAL(plan->asked[0].questions.size() + plan->asked[1].questions.size(), 3u);
  CAF_CHECK_EQUAL(status().decided, 201u);
}

CAF_TEST(a question whose limit cannot be is answered with words) {
  CAF_CHECK(!acquire(wanted(0)));
  CAF_CHECK(fault_of(error) == fault::bad_request);
  CAF_CHECK(plan->asked.empty());
}

CAF_TEST(a store that is away is answered for at once and not asked for a moment) {
  plan->refuses = fault::store_away;
  for (int i = 0; i < 4; ++i)
    await();
  consume_messages();
  CAF_CHECK_EQUAL(text(), "BBBb");
  await();
  consume_messages();
  CAF_CHECK_EQUAL(plan->asked.size(), 1u);
  CAF_CHECK_EQUAL(status().last_error, "store_away");
  plan->refuses = fault::none;
  advance(100ms);
  await(0);
  consume_messages();
  CAF_CHECK_EQUAL(plan->asked.back().questions.front().request.forced, 3);
  CAF_CHECK(!acquire(wanted())->allowed); // the store has heard of what was admitted without it
  CAF_CHECK(status().last_error.empty());
}

CAF_TEST(every question is answered by its deadline though the store is silent) {
  plan->silent = true;
  limiter_options patient;
  patient.deadline = 80ms;
  await();
  await(1, 3, patient, "rate_limit:c:d");
  consume_messages();
  CAF_CHECK(answers.empty());
  advance(50ms);
  CAF_CHECK_EQUAL(text(), "B");
  advance(30ms);
  CAF_CHECK_EQUAL(text(), "BB");
}

CAF_TEST(a flood of questions is answered without the store past its bound) {
  constexpr std::uint64_t bound = 100'000;
  plan->silent = true;
  await();
  consume_messages();
  for (std::uint64_t i = 0; i < bound; ++i)
    await(1, 3, {}, "rate_limit:c:d");
  consume_messages();
  CAF_CHECK(answers.empty());
  CAF_CHECK_EQUAL(status().waiting, bound);
  await(1, 3, {}, "rate_limit:e:f");
  consume_messages();
  CAF_CHECK_EQUAL(text(), "B");
  advance(50ms);
  CAF_CHECK_EQUAL(answers.size(), bound + 2);
}

CAF_TEST(a question that comes while another is under way waits no longer than its deadline) {
  plan->silent = true;
  await();
  consume_messages();
  await(1, 3, {}, "rate_limit:c:d");
  consume_messages();
  CAF_CHECK_EQUAL(plan->asked.size(), 1u);
  advance(50ms);
  CAF_CHECK_EQUAL(text(), "BB");
}

CAF_TEST(no timers pile up while short and long deadlines come in turns) {
  plan->silent = true;
  limiter_options patient;
  patient.deadline = 400ms;
  for (int i = 0; i < 300; ++i) {
    await(1, 3, patient, "rate_limit:c:d");
    await(1, 3, {}, key, 2ms);
    consume_messages();
    CAF_REQUIRE(test::pending_timers(sched) <= 2);
    advance(1ms);
  }
}

CAF_TEST(whoever gave up is not answered again) {
  const auto core = registry->find(*check_rate_limit(key, 3, 1s, {}));
  const auto one = std::make_shared<awaited_permits>(core, 1, clock->boot_now(), 50ms,
                                                     [this](const rate_decision& decision) { answers.push_back(decision); });
  CAF_CHECK(one->claim());
  caf::anon_send(under_test, permits_awaited{one});
  consume_messages();
  CAF_CHECK(answers.empty());
}

CAF_TEST(what the store refuses for one key is blind for that key) {
  plan->refuses_key = fault::store_refused;
  limiter_options closed;
  closed.when_away = away_policy::closed;
  await(1, 3, closed);
  consume_messages();
  CAF_CHECK_EQUAL(text(), "b");
}

CAF_TEST(the fair share follows the number of processes that the store has seen) {
  CAF_CHECK(acquire(wanted(9))->allowed);
  CAF_CHECK_EQUAL(plan->asked.front().process, "me");
  CAF_CHECK_EQUAL(status().processes, 3);
  plan->refuses = fault::store_away;
  for (int i = 0; i < 4; ++i)
    await(1, 9);
  consume_messages();
  CAF_CHECK_EQUAL(text(), "BBbb"); // of three, the store had admitted one
  advance(5s);
  plan->processes = 1;
  plan->refuses = fault::none;
  CAF_CHECK(acquire(wanted(9))->allowed);
  CAF_CHECK_EQUAL(status().processes, 1);
}

CAF_TEST(a lease serves those who wait and then everybody here) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  leased.lease_share = 40;
  for (int i = 0; i < 3; ++i)
    await(1, 320, leased);
  consume_messages();
  CAF_CHECK_EQUAL(text(), "+++");
  CAF_CHECK_EQUAL(plan->asked.size(), 1u);
  CAF_CHECK(plan->asked.front().questions.front().request.hold_us == 100'000);
  const auto core = registry->find(*check_rate_limit(key, 320, 1s, leased));
  CAF_CHECK_EQUAL(core->leased_left(), 7); // a quarter of the share to begin with
  CAF_CHECK(core->decide_here(7)->decision.basis == rate_basis::lease);
  caf::anon_send(under_test, lease_low{core});
  consume_messages();
  CAF_CHECK_EQUAL(plan->asked.size(), 2u);
  CAF_CHECK(core->leased_left() > 7);
}

CAF_TEST(a lease that the store cannot give is refused until there is something again) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  leased.lease_share = 2;
  for (int i = 0; i < 5; ++i) {
    await(1, 2, leased);
    consume_messages();
  }
  CAF_CHECK_EQUAL(text(), "++---");
  advance(1100ms);
  await(1, 2, leased);
  consume_messages();
  CAF_CHECK_EQUAL(text(), "++---+");
}

// A full limit that comes free evenly: whoever wants many at once must not take them one by one and let them lapse.
CAF_TEST(whoever wants many of a leased limit is served when so many are free) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  for (int i = 0; i < 100; ++i) {
    decide(plan->states[key], {{100, 1'000'000}, {1}}, clock->wall_now().time_since_epoch().count());
    advance(10ms);
  }
  const auto refused = *acquire(wanted(100, 50, leased));
  CAF_CHECK(!refused.allowed);
  CAF_CHECK(refused.retry_after > 400ms && refused.retry_after <= 500ms);
  const auto core = registry->find(*check_rate_limit(key, 100, 1s, leased));
  CAF_CHECK_EQUAL(core->leased_left(), 0);
  advance(refused.retry_after - 1us);
  CAF_CHECK(!acquire(wanted(100, 50, leased))->allowed);
  advance(1us);
  CAF_CHECK(acquire(wanted(100, 50, leased))->allowed);
}

CAF_TEST(a look at a leased limit takes no permits) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  const auto look = *acquire(wanted(100, 0, leased));
  CAF_CHECK(look.allowed);
  CAF_CHECK_EQUAL(look.remaining, 100);
  CAF_CHECK_EQUAL(registry->find(*check_rate_limit(key, 100, 1s, leased))->leased_left(), 0);
  const auto next = *acquire(wanted(100));
  CAF_CHECK_EQUAL(next.remaining, 99);
}

CAF_TEST(a lease that is granted after its end is used by nobody) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  leased.deadline = 500ms;
  leased.when_away = away_policy::closed;
  plan->delay = 61ms; // a lease of 100 ms, less what the clock may lag
  await(1, 320, leased);
  consume_messages();
  advance(61ms);
  CAF_CHECK_EQUAL(text(), "b");
  const auto core = registry->find(*check_rate_limit(key, 320, 1s, leased));
  CAF_CHECK_EQUAL(core->leased_left(), 0);
  plan->delay = 59ms;
  await(1, 320, leased);
  consume_messages();
  advance(59ms);
  CAF_CHECK_EQUAL(text(), "b+");
}

CAF_TEST(a caller with less time than the limit gives the store does not make it count as away) {
  plan->delay = 10ms;
  await(1, 9, {}, key, 1ms);
  consume_messages();
  advance(1ms);
  CAF_CHECK_EQUAL(text(), "B");
  advance(9ms);
  await(1, 9);
  consume_messages();
  advance(10ms);
  CAF_CHECK_EQUAL(text(), "B+");
  CAF_CHECK(status().last_error.empty());
}

CAF_TEST(a lease that runs low is renewed though whoever waited with it needs the store no more) {
  limiter_options leased;
  leased.mode = rate_mode::leased;
  leased.lease_share = 40;
  const auto core = registry->find(*check_rate_limit(key, 320, 1s, leased));
  core->take_lease(2, 2, {true, 2, 318, 0}, clock->boot_now());
  CAF_CHECK(core->decide_here(1)->renew == false);
  CAF_CHECK(core->decide_here(1)->renew);
  plan->silent = true;
  await(1, 9, {}, "rate_limit:c:d"); // under way
  consume_messages();
  caf::anon_send(under_test, lease_low{core});
  await(1, 320, leased);
  consume_messages();
  plan->silent = false;
  advance(50ms); // whoever waited is answered blindly
  CAF_CHECK_EQUAL(text(), "BB");
  CAF_CHECK_EQUAL(plan->asked.back().questions.front().key, key);
  CAF_CHECK(core->leased_left() > 0);
}

CAF_TEST(whoever is forgotten when the rate limiter stops is answered blindly) {
  plan->silent = true;
  await();
  consume_messages();
  caf::anon_send_exit(under_test, caf::exit_reason::kill);
  under_test = nullptr;
  consume_messages();
  advance(10s); // the store gives up too
  CAF_CHECK_EQUAL(text(), "B");
}

CAF_TEST_FIXTURE_SCOPE_END()
