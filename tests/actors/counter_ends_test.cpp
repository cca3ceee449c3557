// What becomes of ledgers whose counting is over: dead processes' and our own.
#define CAF_SUITE counter_ends

#include "tests/support/counter_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct counter_ends_fixture : test::counter_fixture {
  std::string state_of(const std::string& key, const std::string& writer) {
    return script->database->read_counter({key, {writer}}, 1).states.at(0);
  }
  // Every ledger that was written to until now.
  void become_outdated() {
    const auto later = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 26 * 24h;
    clock->step_wall(later - clock->wall_now());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(counter_ends_tests, counter_ends_fixture)

CAF_TEST(what a dead process left is merged and retired and its file deleted) {
  leave_behind("a", 7);
  CAF_CHECK_EQUAL(files(), 2u);
  tick(60);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 7);
  CAF_CHECK_EQUAL(files(), 1u);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 0u);
}

CAF_TEST(a flush includes what dead processes left) {
  leave_behind("a", 7);
  const auto reply = ask<flush_reply>(counters, flush_counters{soon(1s)});
  CAF_CHECK(reply && reply->complete);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 7);
}

CAF_TEST(a flush includes all that dead processes left however many) {
  for (int i = 0; i < 20; ++i)
    leave_behind("a", 1);
  auto waiting = begin<flush_reply>(flush_counters{soon(10s)});
  tick(10);
  const auto reply = end<flush_reply>(waiting);
  CAF_CHECK(reply && reply->complete);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 20);
}

CAF_TEST(the end behind a flood of increments brings all of them) {
  for (int i = 0; i < 100'000; ++i)
    caf::anon_send(counters, incr_counter{"a", 1});
  auto waiting = begin<flush_reply>(retire_counters{soon(10s)});
  tick(10);
  const auto reply = end<flush_reply>(waiting);
  CAF_CHECK(reply && reply->complete);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 100'000);
}

CAF_TEST(many dead ledgers are adopted some at a time) {
  for (int i = 0; i < 20; ++i)
    leave_behind("a", 1);
  script->silent = true;
  tick(2);
  CAF_CHECK(status().adopting_ledgers <= 8);
  caf::anon_send(store, wake{});
  tick(200);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 20);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(an adoption that loses its replies counts once) {
  leave_behind("a", 7);
  tick(1);
  script->loses_replies = true;
  tick(80);
  script->loses_replies = false;
  tick(100);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 7);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(a row that cannot be merged keeps its ledger) {
  set_stored("bad", "text");
  leave_behind("bad", 7);
  tick(60);
  CAF_CHECK_EQUAL(files(), 2u);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 1u);
  set_stored("bad", "1");
  tick(700);
  CAF_CHECK_EQUAL(stored("bad").value_or(0), 8);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(ledgers that cannot be merged are held open up to a bound and all are brought once they can) {
  set_stored("bad", "text");
  for (int i = 0; i < 70; ++i)
    leave_behind("bad", 1);
  tick(1200);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 64u);
  set_stored("bad", "0");
  tick(2000);
  CAF_CHECK_EQUAL(stored("bad").value_or(0), 70);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(a ledger that cannot be merged is set aside before the store forgets what of it was) {
  set_stored("bad", "text");
  leave_behind("bad", 7);
  tick(60);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 1u);
  become_outdated();
  tick(200);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 0u);
  CAF_CHECK_EQUAL(status().damaged_ledgers, 1u);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(a flush that waits for a ledger which is set aside meanwhile is not complete) {
  set_stored("bad", "text");
  leave_behind("bad", 7);
  tick(60);
  script->silent = true;
  ledger->add("good", 1);
  auto waiting = begin<flush_reply>(flush_counters{soon(60s)});
  become_outdated();
  tick(60);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 0u);
  caf::anon_send(store, wake{});
  tick(100);
  const auto reply = end<flush_reply>(waiting);
  CAF_REQUIRE(reply);
  CAF_CHECK(!reply->complete);
  CAF_CHECK_EQUAL(reply->pending_rows, 1u);
  CAF_CHECK_EQUAL(stored("good").value_or(0), 1);
}

CAF_TEST(merges in doubt are counted for good when their ledger is set aside) {
  set_stored("bad", "text");
  ledger->add("a", 5);
  ledger->add("bad", 7);
  tick(3);
  stop(counters);
  ledger.reset();
  script->empty();
  set_stored("a", "5");
  set_stored("bad", "text");
  ledger = counter_ledger::open(folder.path(), 64, 2);
  counters = spawn_counter(ledger);
  tick(60);
  const auto in_doubt = status().ambiguous_merges;
  CAF_CHECK(in_doubt > 0);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 1u);
  become_outdated();
  tick(200);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 0u);
  CAF_CHECK_EQUAL(status().ambiguous_merges, in_doubt);
}

CAF_TEST(ledgers that cannot be merged do not keep others from being adopted) {
  set_stored("bad", "text");
  for (int i = 0; i < 10; ++i)
    leave_behind("bad", 7);
  tick(200);
  leave_behind("good", 7);
  tick(100);
  CAF_CHECK_EQUAL(stored("good").value_or(0), 7);
}

CAF_TEST(a clean stop retires its own writer) {
  ledger->add("a", 7);
  tick(2);
  const auto writer = to_text(ledger->file().writer());
  CAF_CHECK_EQUAL(state_of("a", writer), "7 0");
  const auto reply = ask<flush_reply>(counters, retire_counters{soon(1s)});
  CAF_CHECK(reply && reply->complete);
  CAF_CHECK(state_of("a", writer).starts_with("7 0 r"));
}

CAF_TEST(a stop that could not retire everything says so and leaves the rest to an adopter) {
  ledger->add("a", 7);
  tick(2);
  script->refuses = fault::store_away;
  ledger->add("a", 2);
  auto waiting = begin<flush_reply>(retire_counters{soon(1s)});
  tick(11);
  const auto reply = end<flush_reply>(waiting);
  CAF_CHECK(reply && !reply->complete);
  stop(counters);
  ledger.reset();
  script->refuses = fault::none;
  auto next = counter_ledger::open(folder.path(), 64, 2);
  counters = spawn_counter(next);
  tick(60);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 9);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(an adopter of what was retired in the middle of a stop adds nothing) {
  ledger->add("a", 7);
  ledger->add("b", 1);
  const auto reply = ask<flush_reply>(counters, retire_counters{soon(1s)});
  CAF_CHECK(reply && reply->complete);
  stop(counters);
  ledger.reset(); // the process died before it deleted its file
  auto next = counter_ledger::open(folder.path(), 64, 2);
  counters = spawn_counter(next);
  tick(60);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 7);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
