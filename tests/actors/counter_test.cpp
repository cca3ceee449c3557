#define CAF_SUITE counter

#include "tests/support/counter_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(counter_tests, test::counter_fixture)

CAF_TEST(what is counted is in the store a flush interval later) {
  ledger->add("a", 5);
  ledger->add("b", -2);
  tick(2);
  CAF_CHECK_EQUAL(stored("a").value_or(-1), 5);
  CAF_CHECK_EQUAL(stored("b").value_or(-1), -2);
  ledger->add("a", 1);
  tick();
  CAF_CHECK_EQUAL(stored("a").value_or(-1), 6);
}

CAF_TEST(an idle ledger asks the store nothing) {
  ledger->add("a", 5);
  tick(3);
  const auto before = script->batches.size();
  tick(50);
  CAF_CHECK_EQUAL(script->batches.size(), before);
}

CAF_TEST(a batch is bounded and goes round all rows) {
  for (int i = 0; i < 1000; ++i)
    ledger->add("row" + std::to_string(i), 1);
  tick(2);
  for (const auto& batch : script->batches)
    CAF_CHECK(batch.size() <= 256);
  CAF_CHECK_EQUAL(status().pending_rows, 0u);
}

CAF_TEST(rows that are always busy do not starve the later ones) {
  for (int i = 0; i < 700; ++i)
    ledger->add("busy" + std::to_string(i), 1);
  ledger->add("late", 1);
  tick(2);
  script->silent = true;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 700; ++i)
      ledger->add("busy" + std::to_string(i), 1);
    if (round == 0)
      ledger->add("late", 1);
    tick();
    script->silent = true;
    for (auto& [promise, batch] : script->merges)
      CAF_CHECK(batch.rows.size() <= 256);
    caf::anon_send(store, wake{});
    sched.run_once();
    script->silent = true;
  }
  CAF_CHECK_EQUAL(stored("late").value_or(0), 2);
  script->silent = false;
  caf::anon_send(store, wake{});
  consume_messages();
}

CAF_TEST(at most one merge of a row is under way) {
  ledger->add("a", 1);
  tick(2);
  script->silent = true;
  script->batches.clear();
  ledger->add("a", 1);
  tick();
  ledger->add("a", 1);
  tick(3);
  CAF_CHECK_EQUAL(script->batches.size(), 1u);
  caf::anon_send(store, wake{});
  consume_messages();
  tick();
  CAF_CHECK_EQUAL(stored("a").value_or(0), 3);
}

CAF_TEST(a lost reply is not counted twice) {
  ledger->add("a", 5);
  tick(2);
  script->loses_replies = true;
  ledger->add("a", 3);
  tick(5);
  script->loses_replies = false;
  ledger->add("a", 1);
  tick(100);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 9);
}

CAF_TEST(a flush waits for what was counted before it and no longer) {
  ledger->add("a", 5);
  tick(2);
  script->silent = true;
  ledger->add("a", 1);
  auto waiting = begin<flush_reply>(flush_counters{soon(5s)});
  ledger->add("a", 1);
  ledger->add("b", 1);
  caf::anon_send(store, wake{});
  sched.run_once();
  script->silent = true;
  const auto reply = end<flush_reply>(waiting);
  CAF_REQUIRE(reply);
  CAF_CHECK(reply->complete);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 6);
  caf::anon_send(store, wake{});
  consume_messages();
}

CAF_TEST(a flush ends at its deadline and tells what is missing) {
  script->refuses = fault::store_away;
  ledger->add("a", 5);
  auto waiting = begin<flush_reply>(flush_counters{soon(1s)});
  tick(11);
  const auto reply = end<flush_reply>(waiting);
  CAF_REQUIRE(reply);
  CAF_CHECK(!reply->complete);
  CAF_CHECK_EQUAL(reply->pending_rows, 1u);
}

CAF_TEST(a confirmation waits for its own key alone) {
  set_stored("bad", "text");
  ledger->add("bad", 1);
  tick(3);
  const auto good = ask<incr_confirmation>(counters, incr_counter_confirmed{"good", 1, soon(1s)});
  CAF_CHECK(good && good->in_store);
  CAF_CHECK_EQUAL(stored("good").value_or(0), 1);
  const auto bad = ask<incr_confirmation>(counters, incr_counter_confirmed{"bad", 1, soon(1s)});
  CAF_CHECK(bad && !bad->in_store);
}

CAF_TEST(a confirmation of what was counted already adds nothing) {
  ledger->add("a", 4);
  const auto reply = ask<incr_confirmation>(counters, incr_counter_confirmed{"a", 0, soon(1s)});
  CAF_CHECK(reply && reply->in_store);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 4);
}

CAF_TEST(a row that the store refuses is set aside and tried again a minute later) {
  set_stored("bad", "text");
  ledger->add("bad", 1);
  ledger->add("good", 1);
  tick(3);
  CAF_CHECK_EQUAL(stored("good").value_or(0), 1);
  CAF_CHECK_EQUAL(status().set_aside_rows, 1u);
  CAF_CHECK(status().set_aside_keys.at(0).starts_with("bad: "));
  const auto before = script->batches.size();
  tick(100);
  CAF_CHECK_EQUAL(script->batches.size(), before);
  set_stored("bad", "7");
  tick(600);
  CAF_CHECK_EQUAL(stored("bad").value_or(0), 8);
  CAF_CHECK_EQUAL(status().set_aside_rows, 0u);
}

CAF_TEST(a store that refuses everything is asked with backoff and no row is set aside) {
  script->refuses = fault::store_refused;
  ledger->add("a", 5);
  tick(600);
  CAF_CHECK_EQUAL(status().set_aside_rows, 0u);
  CAF_CHECK(script->batches.size() < 60);
  CAF_CHECK(script->batches.size() > 5);
  script->refuses = fault::none;
  tick(100);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 5);
}

CAF_TEST(a link that is up again is used at once) {
  script->refuses = fault::store_away;
  ledger->add("a", 5);
  tick(300);
  script->refuses = fault::none;
  caf::anon_send(counters, store_event{store_change::link_up, {}});
  consume_messages();
  tick();
  CAF_CHECK_EQUAL(stored("a").value_or(0), 5);
}

CAF_TEST(an emptied store heals while idle) {
  for (int i = 0; i < 900; ++i)
    ledger->add("row" + std::to_string(i), 2);
  tick(3);
  script->empty();
  caf::anon_send(counters, store_event{store_change::identity, {}});
  tick(10);
  for (int i = 0; i < 900; ++i)
    CAF_CHECK_EQUAL(stored("row" + std::to_string(i)).value_or(0), 2);
  CAF_CHECK_EQUAL(status().ambiguous_merges, 0u);
}

CAF_TEST(an emptied store is noticed by the first merge) {
  for (int i = 0; i < 100; ++i)
    ledger->add("row" + std::to_string(i), 2);
  tick(3);
  script->empty();
  ledger->add("row7", 1);
  tick(10);
  CAF_CHECK_EQUAL(stored("row7").value_or(0), 3);
  CAF_CHECK_EQUAL(stored("row8").value_or(0), 2);
}

CAF_TEST(a rival that counts in the emptied store first costs nothing) {
  ledger->add("a", 5);
  ledger->add("b", 5);
  tick(3);
  script->empty();
  set_stored("a", "100");
  ledger->add("a", 1);
  tick(10);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 106);
  CAF_CHECK_EQUAL(stored("b").value_or(0), 5);
  CAF_CHECK_EQUAL(status().ambiguous_merges, 0u);
}

CAF_TEST(lost bookkeeping with its epoch doubles nothing) {
  ledger->add("a", 5);
  ledger->add("b", 5);
  tick(3);
  script->empty();
  set_stored("a", "5");
  set_stored("b", "5");
  ledger->add("a", 1);
  tick(10);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 6);
  CAF_CHECK_EQUAL(stored("b").value_or(0), 5);
  CAF_CHECK_EQUAL(status().ambiguous_merges, 2u);
}

CAF_TEST(every row is compared once a day though nobody counts) {
  ledger->add("a", 5);
  tick(3);
  script->batches.clear();
  tick(10);
  CAF_CHECK(script->batches.empty());
  clock->advance(24h);
  tick(3);
  CAF_CHECK_EQUAL(script->batches.size(), 1u);
}

CAF_TEST(a row that was set aside is tried at once when the store is not what it was) {
  set_stored("bad", "text");
  ledger->add("bad", 5);
  tick(3);
  CAF_CHECK(status().set_aside_rows > 0);
  set_stored("bad", "1");
  caf::anon_send(counters, store_event{store_change::identity, {}});
  tick(3);
  CAF_CHECK_EQUAL(stored("bad").value_or(0), 6);
}

CAF_TEST(comparing every row is ramped) {
  for (int i = 0; i < 900; ++i)
    ledger->add("row" + std::to_string(i), 2);
  tick(3);
  script->batches.clear();
  caf::anon_send(counters, store_event{store_change::identity, {}});
  tick();
  std::size_t rows = 0;
  for (const auto& batch : script->batches)
    rows += batch.size();
  CAF_CHECK(rows > 0);
  CAF_CHECK(rows <= 200);
}

CAF_TEST(a flush is not complete while a store that changed is not compared) {
  ledger->add("a", 5);
  tick(3);
  script->empty();
  script->refuses = fault::store_away;
  caf::anon_send(counters, store_event{store_change::identity, {}});
  auto asked = begin<flush_reply>(flush_counters{soon(300ms)});
  tick(5);
  const auto told = end<flush_reply>(asked);
  CAF_REQUIRE(told);
  CAF_CHECK(!told->complete);
  script->refuses = fault::none;
  auto again = begin<flush_reply>(flush_counters{soon(20s)});
  tick(100);
  const auto then = end<flush_reply>(again);
  CAF_REQUIRE(then);
  CAF_CHECK(then->complete);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 5);
}

CAF_TEST_FIXTURE_SCOPE_END()
