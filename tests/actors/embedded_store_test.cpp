#define CAF_SUITE embedded_store

#include "actors/embedded_store.hpp"

#include <filesystem>
#include <numeric>
#include <vector>

#include <caf/typed_event_based_actor.hpp>
#include <csignal>
#include <sqlite3.h>
#include <sys/resource.h>

#include "config/keys.hpp"
#include "runtime/fencing_token.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct heard {
  std::vector<store_event> events;
  std::vector<symbols_announced> announced;
};

store_listener::behavior_type note_all(store_listener::pointer, std::shared_ptr<heard> into) {
  return {[into](const store_event& event) { into->events.push_back(event); },
          [into](const symbols_announced& news) { into->announced.push_back(news); }};
}

// A second connection, as another program has it.
void execute(const std::string& path, const char* sql) {
  sqlite3* raw = nullptr;
  CAF_REQUIRE_EQUAL(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  CAF_CHECK_EQUAL(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
}

// No file of this process grows past `bytes`: a disk that is full, for the life of the object.
class full_disk {
public:
  explicit full_disk(rlim_t bytes) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit tight = before_;
    tight.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  rlimit before_{};
  void (*handler_)(int);
};

struct fixture : test::actor_fixture {
  test::temporary_folder folder;
  std::string path = folder.file("store.sqlite");
  store_actor store = sys.spawn(embedded_store, embedded_store_settings{path, {}, {}}, clock_ptr{clock});

  ~fixture() {
    caf::anon_send_exit(store, caf::exit_reason::kill);
    consume_messages();
  }

  boot_time soon() const { return clock->boot_now() + 1s; }
  std::optional<store_value> read(std::string key) { return ask<store_value>(store, store_read{std::move(key), soon()}); }
  bool write(std::string key, std::string value) {
    return ask<done>(store, store_write{std::move(key), std::move(value), {}, soon()}).has_value();
  }
  store_symbols symbols(table_order order, std::string list) {
    return {market::spot, order, "full", std::move(list), 1'700'000'000, 300s, soon()};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(embedded_store_tests, fixture)

CAF_TEST(a_value_expires_when_its_time_is_over) {
  CAF_CHECK(ask<done>(store, store_write{"cache:x", "1", 2000ms, soon()}).has_value());
  CAF_CHECK(read("cache:x")->ttl_left == 2000ms);
  advance(1999ms);
  CAF_CHECK(read("cache:x")->value.has_value());
  advance(1ms);
  CAF_CHECK(!read("cache:x")->value.has_value());
}

CAF_TEST(a_value_with_more_than_a_year_to_live_is_there_for_a_year) {
  for (const auto ttl : {std::chrono::milliseconds{std::chrono::hours{500 * 24}}, std::chrono::milliseconds::max()}) {
    CAF_CHECK(ask<done>(store, store_write{"cache:x", "1", ttl, soon()}).has_value());
    CAF_CHECK(read("cache:x")->value == "1");
    CAF_CHECK(read("cache:x")->ttl_left == std::chrono::hours{366 * 24});
  }
}

CAF_TEST(past the end every question is answered stopping and changes nothing) {
  const auto ends = std::make_shared<shutdown_deadline>();
  const auto ending = sys.spawn(embedded_store, embedded_store_settings{path, {}, ends}, clock_ptr{clock});
  CAF_CHECK(ask<done>(ending, store_write{"early", "1", {}, soon()}).has_value());
  ends->set(boot_clock::now());
  CAF_CHECK(!ask<done>(ending, store_write{"late", "1", {}, soon()}).has_value());
  CAF_CHECK(fault_of(error) == fault::stopping);
  CAF_CHECK(ask<store_status>(ending, get_store_status{}).has_value());
  CAF_CHECK(read("early")->value.has_value());
  CAF_CHECK(!read("late")->value.has_value());
  caf::anon_send_exit(ending, caf::exit_reason::kill);
}

CAF_TEST(a_question_past_its_deadline_changes_nothing_and_is_answered_deadline) {
  const auto late = clock->boot_now() - 1ms;
  CAF_CHECK(!ask<done>(store, store_write{"late", "1", {}, late}).has_value());
  CAF_CHECK(fault_of(error) == fault::deadline);
  CAF_CHECK(!read("late")->value.has_value());
  CAF_CHECK(!ask<store_value>(store, store_read{"late", late}).has_value());
}

CAF_TEST(a_database_that_cannot_be_read_is_not_taken_for_a_missing_key) {
  CAF_CHECK(write("metrics:a:b", "100"));
  execute(path, "ALTER TABLE entry RENAME TO away");
  CAF_CHECK(!read("metrics:a:b").has_value());
  CAF_CHECK(fault_of(error) == fault::store_away);
  store_read_counters reads{{{"metrics:a:b", {}}}, soon()};
  CAF_CHECK(!ask<store_counters_found>(store, reads).has_value());
  CAF_CHECK(!ask<store_keys>(store, store_list_counters{"*", false, soon()}).has_value());
  const auto status = ask<store_status>(store, get_store_status{});
  CAF_CHECK(!status->up);
  CAF_CHECK(!status->last_error.empty());
  execute(path, "ALTER TABLE away RENAME TO entry");
  CAF_CHECK(read("metrics:a:b")->value == "100");
  const auto after = ask<store_status>(store, get_store_status{});
  CAF_CHECK(after->up);
  CAF_CHECK(after->last_error.empty());
}

CAF_TEST(every_loss_of_the_database_is_told_to_listeners_and_its_return_too) {
  auto into = std::make_shared<heard>();
  caf::anon_send(store, store_listen{sys.spawn(note_all, into)});
  consume_messages();
  execute(path, "ALTER TABLE entry RENAME TO away");
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(!read("cache:x").has_value());
  CAF_REQUIRE_EQUAL(into->events.size(), 2u);
  CAF_CHECK(into->events[1].change == store_change::link_down);
  CAF_CHECK(into->events[1].identity.epoch.empty());
  execute(path, "ALTER TABLE away RENAME TO entry");
  CAF_CHECK(read("cache:x").has_value());
  CAF_REQUIRE_EQUAL(into->events.size(), 3u);
  CAF_CHECK(into->events[2].change == store_change::link_up);
  CAF_CHECK(!into->events[2].identity.epoch.empty());
}

CAF_TEST(a_database_that_cannot_be_opened_takes_nothing_until_it_can) {
  const auto other_path = folder.file("other.sqlite");
  std::filesystem::create_directory(other_path);
  const auto other = sys.spawn(embedded_store, embedded_store_settings{other_path, {}, {}}, clock_ptr{clock});
  auto into = std::make_shared<heard>();
  caf::anon_send(other, store_listen{sys.spawn(note_all, into)});
  consume_messages();
  const std::string writer(32, 'a');
  const store_merge batch{{{"metrics:a:b", writer, {}, "s", "g", 1}}, soon() + 1h};
  const auto is_away = [&] {
    const bool merged = ask<store_merge_reply>(other, batch).has_value();
    const bool away = fault_of(error) == fault::store_away;
    const bool found = ask<store_counters_found>(other, store_read_counters{{{"metrics:a:b", {}}}, soon()}).has_value();
    return !merged && away && !found && fault_of(error) == fault::store_away;
  };
  CAF_CHECK(is_away());
  const auto status = ask<store_status>(other, get_store_status{});
  CAF_CHECK(!status->up);
  CAF_CHECK(status->last_error.find(other_path) != std::string::npos);
  CAF_REQUIRE_EQUAL(into->events.size(), 1u);
  CAF_CHECK(into->events[0].change == store_change::link_down);
  advance(10s);
  CAF_CHECK(is_away());
  std::filesystem::remove(other_path);
  advance(3s);
  CAF_REQUIRE_EQUAL(into->events.size(), 2u);
  CAF_CHECK(into->events[1].change == store_change::link_up);
  CAF_CHECK(ask<store_merge_reply>(other, batch).has_value());
  const auto after = ask<store_status>(other, get_store_status{});
  CAF_CHECK(after->up);
  CAF_CHECK(after->last_error.empty());
  CAF_CHECK(std::filesystem::is_regular_file(other_path));
  caf::anon_send_exit(other, caf::exit_reason::kill);
}

CAF_TEST(every_access_to_the_database_is_timed_once_and_what_comes_too_late_is_none) {
  const auto watched = std::make_shared<telemetry>();
  const auto timed = sys.spawn(embedded_store, embedded_store_settings{folder.file("timed.sqlite"), watched, {}}, clock_ptr{clock});
  const auto times = [&] {
    const auto counts = watched->store_round_trip.read();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  CAF_CHECK(ask<done>(timed, store_write{"cache:x", "1", {}, soon()}).has_value());
  CAF_CHECK(ask<store_value>(timed, store_read{"cache:x", soon()}).has_value());
  CAF_CHECK_EQUAL(times(), 2u);
  CAF_CHECK(!ask<store_value>(timed, store_read{"cache:x", clock->boot_now() - 1ms}).has_value());
  CAF_CHECK_EQUAL(times(), 2u);
  CAF_CHECK(watched->store_round_trip.sum_seconds() > 0);
  caf::anon_send_exit(timed, caf::exit_reason::kill);
}

CAF_TEST(a_full_disk_refuses_what_is_new_and_keeps_what_was_there) {
  CAF_CHECK(write("kept", "1"));
  {
    const full_disk now{256 << 10};
    for (int i = 0; i < 3; ++i) {
      CAF_CHECK(!write("large", std::string(1 << 20, 'x')));
      CAF_CHECK(fault_of(error) == fault::store_refused);
    }
    CAF_CHECK(read("kept")->value == "1");
  }
  const auto status = ask<store_status>(store, get_store_status{});
  CAF_CHECK_EQUAL(status->failures, 3u);
  CAF_CHECK_EQUAL(status->suppressed_warnings, 2u);
  CAF_CHECK(status->up);
  CAF_CHECK(!status->takes_writes);
  CAF_CHECK(!status->last_error.empty());
  CAF_CHECK(write("large", std::string(1 << 20, 'x')));
  const auto after = ask<store_status>(store, get_store_status{});
  CAF_CHECK(after->takes_writes);
  CAF_CHECK(after->last_error.empty());
}

CAF_TEST(a_refused_row_never_costs_the_others_of_its_batch) {
  CAF_CHECK(write("metrics:bad:text", "text"));
  CAF_CHECK(write("metrics:full:up", "9223372036854775807"));
  const std::string writer(32, 'a');
  const auto row = [&](std::string key, bool exists) {
    return merge_row{std::move(key), writer, {{}, {}, exists}, "s", "g", 1};
  };
  auto reply = ask<store_merge_reply>(
    store, store_merge{{row("metrics:bad:text", true), row("metrics:full:up", true), row("metrics:a:b", false),
                        row("metrics:bad:text", false)}, soon()});
  CAF_REQUIRE(reply.has_value());
  CAF_CHECK(reply->verdicts[0].outcome == merge_outcome::refused);
  CAF_CHECK(reply->verdicts[1].outcome == merge_outcome::refused);
  CAF_CHECK(reply->verdicts[2].outcome == merge_outcome::merged);
  CAF_CHECK(reply->verdicts[3].outcome == merge_outcome::mismatch);
  CAF_CHECK(read("metrics:a:b")->value == "1");
  CAF_CHECK(read("metrics:full:up")->value == "9223372036854775807");
}

CAF_TEST(an_older_table_never_replaces_a_newer_one) {
  CAF_CHECK(ask<done>(store, symbols({2, 1}, "[2]")).has_value());
  CAF_CHECK(!ask<done>(store, symbols({1, 9}, "[1]")).has_value());
  CAF_CHECK(fault_of(error) == fault::fenced);
  CAF_CHECK(read(std::string{keys::symbols_last_good(market::spot)})->value == "[2]");
}

CAF_TEST(a_table_that_could_not_be_written_leaves_its_fence_alone) {
  CAF_CHECK(ask<done>(store, symbols({1, 1}, "[1]")).has_value());
  execute(path, "CREATE TRIGGER full BEFORE UPDATE ON entry WHEN NEW.value='full' BEGIN SELECT RAISE(ABORT,'no'); END");
  CAF_CHECK(!ask<done>(store, symbols({5, 1}, "[5]")).has_value());
  execute(path, "DROP TRIGGER full");
  CAF_CHECK(ask<done>(store, symbols({2, 1}, "[2]")).has_value());
}

CAF_TEST(a_listener_hears_of_the_link_at_once_and_of_every_new_table) {
  auto into = std::make_shared<heard>();
  auto listener = sys.spawn(note_all, into);
  caf::anon_send(store, store_listen{listener});
  consume_messages();
  CAF_REQUIRE_EQUAL(into->events.size(), 1u);
  CAF_CHECK(into->events[0].change == store_change::link_up);
  CAF_CHECK(!into->events[0].identity.epoch.empty());
  CAF_CHECK(ask<done>(store, symbols({7, 3}, "[]")).has_value());
  consume_messages();
  CAF_REQUIRE_EQUAL(into->announced.size(), 1u);
  CAF_CHECK((into->announced[0].order == table_order{7, 3}));
}

CAF_TEST(a_table_of_another_process_on_the_folder_is_heard_within_200_ms_and_once) {
  auto into = std::make_shared<heard>();
  caf::anon_send(store, store_listen{sys.spawn(note_all, into)});
  auto other = sys.spawn(embedded_store, embedded_store_settings{path, {}, {}}, clock_ptr{clock});
  consume_messages();
  CAF_CHECK(ask<done>(other, symbols({7, 3}, "[]")).has_value());
  advance(200ms);
  CAF_REQUIRE_EQUAL(into->announced.size(), 1u);
  CAF_CHECK((into->announced[0].order == table_order{7, 3}));
  CAF_CHECK(ask<done>(other, store_write{"cache:x", "1", {}, soon()}).has_value()); // no table
  for (int i = 0; i < 10; ++i)
    advance(200ms);
  CAF_CHECK_EQUAL(into->announced.size(), 1u);
  CAF_CHECK(ask<done>(other, symbols({8, 0}, "[]")).has_value());
  advance(200ms);
  CAF_CHECK_EQUAL(into->announced.size(), 2u);
  caf::anon_send_exit(other, caf::exit_reason::kill);
}

CAF_TEST(a_wall_clock_that_steps_makes_nothing_live_longer_or_die_earlier) {
  CAF_CHECK(ask<done>(store, store_write{"cache:x", "1", 10'000ms, soon()}).has_value());
  clock->step_wall(-1h);
  CAF_CHECK(read("cache:x")->ttl_left == 10'000ms);
  // Whoever opens the folder now, with the clock as it is now, goes by the same time.
  auto other = sys.spawn(embedded_store, embedded_store_settings{path, {}, {}}, clock_ptr{clock});
  consume_messages();
  CAF_CHECK(ask<store_value>(other, store_read{"cache:x", soon()})->ttl_left == 10'000ms);
  clock->step_wall(2h);
  CAF_CHECK(read("cache:x")->value.has_value());
  advance(10s);
  CAF_CHECK(!read("cache:x")->value.has_value());
  CAF_CHECK(!ask<store_value>(other, store_read{"cache:x", soon()})->value);
  caf::anon_send_exit(other, caf::exit_reason::kill);
}

CAF_TEST(keys_that_expired_do_not_pile_up) {
  const auto before_all = std::chrono::floor<std::chrono::milliseconds>(clock->wall_now()).time_since_epoch().count();
  for (int i = 0; i < 1000; ++i) {
    CAF_CHECK(ask<done>(store, store_write{"cache:" + std::to_string(i), "1", 1000ms, soon()}).has_value());
    advance(100ms);
  }
  CAF_CHECK(write("kept", "1"));
  const auto database = sqlite_kv::open(path);
  CAF_REQUIRE(database);
  int there = 0;
  for (int i = 0; i < 1000; ++i)
    there += (*database)->get("cache:" + std::to_string(i), before_all) ? 1 : 0;
  CAF_CHECK(there < 30);
  CAF_CHECK(read("kept")->value == "1");
}

CAF_TEST(a_lease_is_held_by_one_and_its_token_grows_with_every_grant) {
  const auto want = [&](std::string holder) {
    return ask<lease_reply>(store, lease_wanted{"refresh:spot", std::move(holder), 10s, soon()}).value_or(lease_reply{});
  };
  const auto first = want("one");
  CAF_CHECK(first.granted);
  CAF_CHECK(!want("two").granted);
  CAF_CHECK(want("one").token == first.token);
  CAF_CHECK(ask<done>(store, lease_returned{"refresh:spot", "one", soon()}).has_value());
  const auto second = want("two");
  CAF_CHECK(second.granted);
  CAF_CHECK(second.token > first.token);
  advance(10s);
  CAF_CHECK(want("one").token > second.token);
}

CAF_TEST(a_lease_is_renewed_under_a_new_token_where_the_asker_has_met_a_higher_one) {
  const auto want = [&](std::uint64_t above) {
    return ask<lease_reply>(store, lease_wanted{"fetch:spot", "one", 10s, soon(), above}).value_or(lease_reply{});
  };
  const auto first = want(0);
  CAF_CHECK(want(first.token - 1).token == first.token);
  const auto raised = want(first.token + 1'000'000'000);
  CAF_CHECK(raised.granted);
  CAF_CHECK_EQUAL(raised.token, first.token + 1'000'000'001);
}

CAF_TEST(a_token_that_nobody_can_have_been_given_holds_up_no_lease_and_no_table) {
  const auto want = [&](std::uint64_t above) {
    return ask<lease_reply>(store, lease_wanted{"fetch:spot", "one", 10s, soon(), above}).value_or(lease_reply{});
  };
  const auto fence = keys::fence(keys::symbols_full(market::spot));
  CAF_CHECK(ask<done>(store, store_write{fence, "18446744073709551615 00000000000000000000", {}, soon()}).has_value());
  const auto first = want(UINT64_MAX);
  CAF_CHECK(first.granted);
  CAF_CHECK(first.token <= token_max);
  const auto next = want(token_max + 1);
  CAF_CHECK_EQUAL(next.token, first.token);
  execute(path, "UPDATE lease SET token=9223372036854775807");
  CAF_CHECK(want(0).token <= token_max);
  CAF_CHECK(ask<done>(store, symbols({first.token, 0}, "[1]")).has_value());
  CAF_CHECK(read(fence)->value == to_text(table_order{first.token, 0}));
}

CAF_TEST(a_table_that_is_no_longer_fresh_is_written_as_last_good_alone) {
  auto old = symbols({2, 1}, "[2]");
  old.ttl = 0ms;
  CAF_CHECK(ask<done>(store, old).has_value());
  CAF_CHECK(read(std::string{keys::symbols_last_good(market::spot)})->value == "[2]");
  CAF_CHECK(!read(std::string{keys::symbols_cache(market::spot)})->value.has_value());
}

CAF_TEST(presence_and_time_left_are_told_without_the_value) {
  CAF_CHECK(ask<done>(store, store_write{"cache:x", "large", 2000ms, soon()}).has_value());
  const auto found = ask<store_value>(store, store_read{"cache:x", soon(), true});
  CAF_REQUIRE(found && found->value);
  CAF_CHECK(found->value->empty());
  CAF_CHECK(found->ttl_left == 2000ms);
  CAF_CHECK(!ask<store_value>(store, store_read{"cache:y", soon(), true})->value);
}

CAF_TEST_FIXTURE_SCOPE_END()
