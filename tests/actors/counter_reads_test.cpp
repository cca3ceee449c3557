#define CAF_SUITE counter_reads

#include "tests/support/counter_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(counter_reads_tests, test::counter_fixture)

CAF_TEST(a read sees what was counted before it) {
  set_stored("a", "100");
  ledger->add("a", 5);
  CAF_CHECK_EQUAL(read("a").value, 105);
  tick(3);
  CAF_CHECK_EQUAL(stored("a").value_or(0), 105);
  ledger->add("a", 2);
  CAF_CHECK_EQUAL(read("a").value, 107);
  CAF_CHECK(read("a").source == counter_source::embedded);
}

CAF_TEST(a merge between question and answer is not counted twice) {
  ledger->add("a", 5);
  tick(2);
  script->silent = true;
  ledger->add("a", 3);
  auto reading = begin<counter_reading>(read_counter{"a", soon()});
  tick(1); // the merge is under way, and carried out before the read
  caf::anon_send(store, wake{});
  const auto told = end<counter_reading>(reading);
  CAF_CHECK_EQUAL(told->value, 8);
}

CAF_TEST(a ledger that is done with between question and answer is counted once) {
  leave_behind("a", 7);
  script->silent = true;
  tick(1);
  auto reading = begin<counter_reading>(read_counter{"a", soon(10s)});
  const auto kept = std::exchange(script->reads, {});
  CAF_REQUIRE_EQUAL(kept.size(), 1u);
  caf::anon_send(store, wake{});
  tick(60);
  CAF_CHECK_EQUAL(files(), 1u);
  script->reads = kept;
  caf::anon_send(store, wake{});
  const auto told = end<counter_reading>(reading);
  CAF_REQUIRE(told);
  CAF_CHECK_EQUAL(told->value, 7);
}

CAF_TEST(with the store away a read tells the last known value and what came since) {
  set_stored("a", "100");
  ledger->add("a", 5);
  tick(2);
  CAF_CHECK_EQUAL(read("a").value, 105);
  ledger->add("a", 2);
  tick(2);
  script->refuses = fault::store_away;
  ledger->add("a", 3);
  const auto reading = read("a");
  CAF_CHECK_EQUAL(reading.value, 110);
  CAF_CHECK(reading.source == counter_source::ledger);
  CAF_CHECK(reading.as_of.has_value());
  CAF_CHECK_EQUAL(read("never").exists, false);
}

CAF_TEST(with the store away what an adopted ledger brought is still known) {
  leave_behind("a", 7);
  tick(1);
  CAF_CHECK_EQUAL(read("a").value, 7);
  tick(60);
  CAF_CHECK_EQUAL(files(), 1u);
  script->refuses = fault::store_away;
  CAF_CHECK_EQUAL(read("a").value, 7);
}

CAF_TEST(with the store away what a ledger had brought before it was adopted is not counted again) {
  auto other = counter_ledger::open(folder.path(), 1024, 2);
  auto owner = spawn_counter(other);
  other->add("a", 7);
  tick(3);
  CAF_CHECK_EQUAL(read("a").value, 7);
  script->refuses = fault::store_away;
  other->add("a", 2);
  stop(owner);
  other = nullptr;
  tick(60);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 1u);
  CAF_CHECK_EQUAL(read("a").value, 9);
}

CAF_TEST(a ledger that is adopted between question and answer is not counted twice afterwards) {
  auto other = counter_ledger::open(folder.path(), 1024, 2);
  auto owner = spawn_counter(other);
  other->add("a", 7);
  tick(3);
  script->silent = true;
  auto reading = begin<counter_reading>(read_counter{"a", soon(10s)});
  const auto kept = std::exchange(script->reads, {});
  CAF_REQUIRE_EQUAL(kept.size(), 1u);
  stop(owner);
  other = nullptr;
  tick(60);
  CAF_CHECK_EQUAL(status().adopting_ledgers, 1u);
  script->reads = kept;
  script->merges.clear();
  caf::anon_send(store, wake{});
  const auto told = end<counter_reading>(reading);
  CAF_CHECK_EQUAL(told->value, 7);
  script->refuses = fault::store_away;
  CAF_CHECK_EQUAL(read("a").value, 7);
}

CAF_TEST(a counter without its record is not read twice) {
  ledger->add("a", 5);
  tick(3);
  script->empty();
  set_stored("a", "5");
  CAF_CHECK_EQUAL(read("a").value, 5);
}

CAF_TEST(what was counted after the store knew nothing of it exists with the store away) {
  CAF_CHECK(!read("a").exists);
  script->refuses = fault::store_away;
  ledger->add("a", 2);
  CAF_CHECK(read("a").exists);
  CAF_CHECK_EQUAL(read("a").value, 2);
}

CAF_TEST(something that is no integer is told as such) {
  set_stored("a", "text");
  const auto reading = read("a");
  CAF_CHECK(!reading.is_integer);
  CAF_CHECK(reading.exists);
}

CAF_TEST(many are read at once in order) {
  set_stored("b", "1");
  ledger->add("a", 5);
  ledger->add("c", 6);
  const auto all = ask<counter_readings>(counters, read_counters{"*", soon()});
  CAF_REQUIRE(all);
  CAF_REQUIRE_EQUAL(all->readings.size(), 2u);
  CAF_CHECK_EQUAL(all->readings[0].key, "a");
  CAF_CHECK_EQUAL(all->readings[1].value, 6);
  CAF_CHECK(all->all_listed);
}

CAF_TEST(with the store away a list tells that it has the counters of this process only) {
  set_stored("b", "1");
  ledger->add("a", 5);
  script->refuses = fault::store_away;
  const auto all = ask<counter_readings>(counters, read_counters{"*", soon()});
  CAF_REQUIRE(all);
  CAF_REQUIRE_EQUAL(all->readings.size(), 1u);
  CAF_CHECK(!all->all_listed);
}

CAF_TEST_FIXTURE_SCOPE_END()
