#define CAF_SUITE cache

#include "actors/cache.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_store.hpp"
#include "actors/warmup.hpp"
#include "config/keys.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/ledger_file.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct script {
  bool good = true;
  bool hang = false;
  bool known = false; // last good has something
  int fetches = 0;
  int accepted = 0;
  std::vector<caf::typed_response_promise<fetch_result>> kept;
};

symbols_answer last_good_answer() {
  return {test::actor_fixture::table_of(2), symbols_source::last_good, {}, {}, {}};
}

supervisor_actor::behavior_type scripted_supervisor(supervisor_actor::pointer self, std::shared_ptr<script> plan,
                                                    clock_ptr clock) {
  return {
    [=](const fetch_wanted& wanted) -> caf::result<fetch_result> {
      ++plan->fetches;
      if (plan->hang) {
        plan->kept.push_back(self->make_response_promise<fetch_result>());
        return plan->kept.back();
      }
      fetch_result result{wanted.which, {}, fault::none, {}, {}};
      if (plan->good)
        result.answer = {test::actor_fixture::table_of(3), symbols_source::public_api, clock->wall_now(), clock->boot_now(), {}};
      else
        result.failure = fault::fetch_failed;
      if (!plan->good && plan->known)
        result.answer = last_good_answer();
      return result;
    },
    [=](const fallback_wanted& wanted) {
      return fetch_result{wanted.which, plan->known ? last_good_answer() : symbols_answer{}, fault::deadline, {}, {}};
    },
    [](const get_supervisor_status&) { return supervisor_status{}; },
    [](const wake&) {},
  };
}

last_good_actor::behavior_type counting_last_good(last_good_actor::pointer, std::shared_ptr<script> plan) {
  return {[](const last_good_wanted&) { return last_good_answer(); }, [=](const table_accepted&) { ++plan->accepted; },
          [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_last_good_status&) { return last_good_status{}; }, [](const wake&) {}};
}

struct cache_answers_fixture : test::actor_fixture {
  std::shared_ptr<script> plan = std::make_shared<script>();
  symbol_board_ptr board = std::make_shared<symbol_board>();
  std::shared_ptr<counter_ledger> ledger = counter_ledger::anonymous(16);
  store_actor store = sys.spawn(embedded_store, embedded_store_settings{}, clock_ptr{clock});
  supervisor_actor above = sys.spawn(scripted_supervisor, plan, clock_ptr{clock});
  last_good_actor kept = sys.spawn(counting_last_good, plan);
  cache_actor under_test;

  cache_answers_fixture() {
    cache_settings settings;
    settings.markets[0] = {10s, {}, ledger->handle("hits"), ledger->handle("misses")};
    settings.fingerprint = "f";
    under_test = sys.spawn(cache, settings, clock_ptr{clock}, board, store, above, kept);
    consume_messages();
  }
  ~cache_answers_fixture() {
    plan->kept.clear();
    for (const auto& actor : {caf::actor_cast<caf::actor>(under_test), caf::actor_cast<caf::actor>(above),
                              caf::actor_cast<caf::actor>(kept), caf::actor_cast<caf::actor>(store)})
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    consume_messages();
  }
  symbols_reply get() { return ask<symbols_reply>(under_test, get_symbols{market::spot, {}}).value_or(symbols_reply{}); }
  std::uint64_t hits() { return ledger->file().sums(0).added; }
  std::uint64_t misses() { return ledger->file().sums(1).added; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_tests, cache_answers_fixture)

CAF_TEST(a table is fresh until its ttl and not a microsecond longer) {
  CAF_CHECK(!get().stale);
  CAF_CHECK(!get().stale);
  advance(10s - 1us); // without a read, which would have it refreshed
  CAF_CHECK(board->current(market::spot)->fresh(clock->boot_now()));
  CAF_CHECK_EQUAL(plan->fetches, 1);
  advance(1us);
  get();
  CAF_CHECK_EQUAL(plan->fetches, 2);
  CAF_CHECK_EQUAL(hits(), 1u);
  CAF_CHECK_EQUAL(misses(), 2u);
}

CAF_TEST(a thousand callers share one fetch) {
  plan->hang = true;
  for (int i = 0; i < 1000; ++i)
    caf::anon_send(under_test, get_symbols{market::spot, {}});
  consume_messages();
  CAF_CHECK_EQUAL(plan->fetches, 1);
  CAF_CHECK_EQUAL(misses(), 1000u);
}

CAF_TEST(with nothing ever good the fault is no_data and the failure is not remembered) {
  plan->good = false;
  CAF_CHECK(get().table == nullptr);
  CAF_CHECK(fault_of(error) == fault::no_data);
  plan->good = true;
  CAF_CHECK(get().table != nullptr);
}

CAF_TEST(a failed fetch is answered with last good marked stale) {
  plan->good = false;
  plan->known = true;
  const auto reply = get();
  CAF_CHECK(reply.stale);
  CAF_CHECK(reply.source == symbols_source::last_good);
}

CAF_TEST(a caller waits one second at most where an older table exists) {
  get();
  advance(11s);
  plan->hang = true;
  plan->known = true;
  bool answered = false;
  auto handle = self->request(under_test, caf::infinite, get_symbols{market::spot, {}});
  consume_messages();
  advance(1s);
  handle.receive([&](symbols_reply& reply) { answered = reply.stale; }, [](caf::error&) {});
  CAF_CHECK(answered);
}

CAF_TEST(an accepted table reaches the store and last good and keeps its version while nothing changes) {
  const auto first = get();
  consume_messages();
  CAF_CHECK_EQUAL(plan->accepted, 1);
  const auto stored = ask<store_value>(store, store_read{std::string{keys::symbols_cache(market::spot)}, clock->boot_now() + 1s});
  CAF_REQUIRE(stored && stored->value);
  CAF_CHECK_EQUAL(*stored->value, first.table->list_json());
  advance(11s);
  CAF_CHECK_EQUAL(get().version, first.version);
}

CAF_TEST(a fresh value in the store is a hit without a fetch) {
  const auto list = table_of(5)->list_json();
  ask<done>(store, store_write{std::string{keys::symbols_cache(market::spot)}, list, 4s, clock->boot_now() + 1s});
  const auto reply = get();
  CAF_CHECK(reply.source == symbols_source::cache);
  CAF_CHECK(reply.age == std::optional<std::chrono::nanoseconds>{6s});
  CAF_CHECK_EQUAL(plan->fetches, 0);
  CAF_CHECK_EQUAL(hits(), 1u);
}

CAF_TEST(a value in the store that is no list is not believed) {
  ask<done>(store, store_write{std::string{keys::symbols_cache(market::spot)}, "<html>", 4s, clock->boot_now() + 1s});
  CAF_CHECK(get().source == symbols_source::public_api);
}

CAF_TEST(warmup refreshes within its period and retries a bounded number of times) {
  warmup_settings settings;
  task_board tasks{clock_ptr{clock}};
  const auto refreshes = tasks.find_or_add("warmup", [&](std::string_view) {
    return task_counters{ledger->handle("good"), ledger->handle("bad")};
  });
  settings.markets[0] = {100s, 1000s, refreshes};
  settings.retries_max = 3;
  const auto warm = sys.spawn(warmup, settings, clock_ptr{clock}, board, under_test);
  consume_messages();
  CAF_CHECK_EQUAL(plan->fetches, 1);
  advance(90s - 1ns);
  CAF_CHECK_EQUAL(plan->fetches, 1);
  advance(10s + 1ns);
  CAF_CHECK_EQUAL(plan->fetches, 2);
  plan->good = false;
  for (int i = 0; i < 1400; ++i)
    advance(100ms);
  CAF_CHECK_EQUAL(plan->fetches, 2 + 4);
  CAF_CHECK_EQUAL(ledger->file().sums(2).added, 2u);
  CAF_CHECK_EQUAL(ledger->file().sums(3).added, 4u);
  caf::anon_send_exit(warm, caf::exit_reason::kill);
  consume_messages();
}

CAF_TEST_FIXTURE_SCOPE_END()
