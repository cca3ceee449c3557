#define CAF_SUITE history

#include "actors/history.hpp"

#include <limits>

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct fixture : test::actor_fixture {
  test::temporary_folder folder;
  history_actor under_test;

  void start(const std::string& path) {
    under_test = sys.spawn(history, path, history_limits{}, clock_ptr{clock}, shutdown_deadline_ptr{});
    consume_messages();
  }
  ~fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  void tell(std::int64_t value) {
    caf::anon_send(under_test, history_sample{clock->wall_now(), std::make_shared<const counter_values>(
                                                                   counter_values{{"metrics:a:b", value}})});
    consume_messages();
  }
  history_answer answer(std::optional<std::int64_t> since = {}, std::optional<std::int64_t> step = {}) {
    return *ask<history_answer>(under_test, history_wanted{"metrics:a:b", since, {}, step});
  }
  history_status status() { return *ask<history_status>(under_test, get_history_status{}); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(history_tests, fixture)

CAF_TEST(the last hour is told by default and the running minute with it) {
  start(folder.file("history.sqlite"));
  for (int i = 0; i < 12; ++i) {
    tell(i * 30);
    advance(10s);
  }
  CAF_CHECK_EQUAL(answer().line.points.size(), 12u);
  CAF_CHECK_EQUAL(answer().line.points.back().rate.value_or(0), 3.0);
  const auto by_minute = answer({}, 60);
  CAF_CHECK_EQUAL(by_minute.line.points.back().value, 330);
  CAF_CHECK(status().kept);
  CAF_CHECK_EQUAL(status().records, 12u);
  CAF_CHECK_EQUAL(status().series, 1u);
}

CAF_TEST(a range at the end of all numbers is refused) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  start(folder.file("history.sqlite"));
  tell(1);
  CAF_CHECK(!ask<history_answer>(under_test, history_wanted{"metrics:a:b", {}, lowest, {}})->refusal.empty());
  CAF_CHECK(!ask<history_answer>(under_test, history_wanted{"metrics:a:b", lowest, {}, {}})->refusal.empty());
}

CAF_TEST(what could not be written is told until it can be again) {
  start(folder.file("history.sqlite"));
  tell(1);
  const auto path = folder.file("history.sqlite");
  CAF_REQUIRE(
      test::execute(path, "CREATE TRIGGER refused BEFORE INSERT ON point BEGIN SELECT RAISE(ABORT, 'no room'); END"));
  tell(2);
  auto now = status();
  CAF_CHECK_EQUAL(now.failures, 1u);
  CAF_CHECK_EQUAL(now.last_error, "no room");
  CAF_REQUIRE(test::execute(path, "DROP TRIGGER refused"));
  tell(3);
  now = status();
  CAF_CHECK_EQUAL(now.failures, 1u);
  CAF_CHECK_EQUAL(now.last_error, "");
}

CAF_TEST(what SQLite says is one field of one line) {
  const test::captured_log log;
  start(folder.file("history.sqlite"));
  tell(1);
  CAF_REQUIRE(test::execute(folder.file("history.sqlite"),
                            "CREATE TRIGGER refused BEFORE INSERT ON point BEGIN SELECT RAISE(ABORT, 'no\nroom'); END"));
  tell(2);
  CAF_CHECK_EQUAL(log.warnings("history failed reason=\"no\\\\x0aroom\""), 1);
  CAF_CHECK_EQUAL(log.warnings("\n"), 0);
}

CAF_TEST(questions are answered at once while another program writes to the file) {
  start(folder.file("history.sqlite"));
  for (int i = 0; i < 9; ++i) {
    tell(i * 30);
    advance(10s);
  }
  const test::held_database held{folder.file("history.sqlite")};
  const auto began = boot_clock::now();
  const auto by_minute = answer({}, 60);
  CAF_CHECK_EQUAL(by_minute.line.points.back().value, 240);
  const auto days = ask<history_days>(under_test, history_days_wanted{{"metrics:a:b"}, 1});
  CAF_REQUIRE(days && days->growth.size() == 1);
  CAF_CHECK_EQUAL(days->growth.front().back(), 240);
  CAF_CHECK(boot_clock::now() - began < 1s); // whoever waits for the writer waits for two
}

CAF_TEST(without a file everything else goes on and a question is told so) {
  start(folder.file("no/such/folder/history.sqlite"));
  tell(1);
  const auto told = answer();
  CAF_CHECK_EQUAL(told.refusal, "no history is kept");
  CAF_CHECK(told.error == fault::no_data);
  CAF_CHECK(!status().kept);
  CAF_CHECK(!status().last_error.empty());
}

CAF_TEST(no history is no failure where none is wanted) {
  start("");
  tell(1);
  CAF_CHECK(!status().kept);
  CAF_CHECK(status().last_error.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
