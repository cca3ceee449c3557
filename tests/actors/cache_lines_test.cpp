// Lines of lists, each compared with the one before: whose word is taken.
#define CAF_SUITE cache_lines

#include "tests/support/cache_fixture.hpp"
#include "tests/support/runtime_captured_log.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct cache_lines_fixture : test::cache_fixture {
  std::uint64_t not_followed() { return status().not_followed; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_lines_tests, cache_lines_fixture)

CAF_TEST(a list of a process without a past replaces no good one that it lacks most of) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(1s);
  const auto begun = clock->wall_now();
  put_full(full_value(5, 0s, {9, 0}, "ours", begun));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->size(), 100u);
  CAF_CHECK_EQUAL(not_followed(), 1u);
  CAF_CHECK_EQUAL(supervisor->fetches, 0); // ours is fresh
  // Not for being announced again, which is told and counted once.
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->size(), 100u);
  CAF_CHECK_EQUAL(not_followed(), 1u);
  advance(ttl);
  put_full(full_value(5, 1s, {10, 0}, "ours", begun));
  const auto reply = read();
  CAF_CHECK_EQUAL(supervisor->fetches, 1);
  CAF_CHECK_EQUAL(supervisor->baseline->size(), 100u);
  end_fetches(good(101));
  CAF_REQUIRE(reply->value);
  CAF_CHECK_EQUAL(reply->value->table->size(), 101u);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK_EQUAL(misses.load(), 1u);
}

CAF_TEST(a bare array is looked at where the full value beside it is not believed) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(ttl);
  put_full(full_value(5, 1s, {9, 0}, "ours", clock->wall_now()));
  put_plain(std::string{table_of(99)->list_json()}, 200s);
  const auto reply = read();
  CAF_REQUIRE(reply->value);
  CAF_CHECK_EQUAL(reply->value->table->listed().size(), 99u);
  CAF_CHECK(!reply->value->stale);
  CAF_CHECK_EQUAL(supervisor->fetches, 0);
}

CAF_TEST(while nobody may ask a list that is not believed is counted once and told a handful of times however many ask) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  advance(ttl);
  put_full(full_value(5, 1s, {9, 0}, "ours", clock->wall_now()));
  const test::captured_log log;
  for (int i = 0; i < 1000; ++i) {
    read();
    end_fetches(failed());
  }
  CAF_CHECK_EQUAL(log.warnings("following the table of another process"), 4); // the 1st, 10th, 100th and 1,000th time
  CAF_CHECK_EQUAL(not_followed(), 1u);
}

CAF_TEST(a list of a process without a past is followed where it is plausible and its line goes on as ours) {
  const auto line = clock->wall_now() - 1h;
  put_full(full_value(100, 10s, {7, 0}, "ours", line));
  read();
  advance(1s);
  put_full(full_value(99, 0s, {9, 0}, "ours", clock->wall_now()));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->order.token, 9u);
  CAF_CHECK(hanging()->judged_since == line);
}

CAF_TEST(a list that an operator believes elsewhere is believed here) {
  put_full(full_value(100, 10s, {7, 0}));
  read();
  put_full(full_value(5, 0s, {9, 0}, "ours", wall_time{}));
  announce({9, 0});
  CAF_CHECK_EQUAL(hanging()->table->listed().size(), 5u);
  CAF_CHECK(hanging()->judged_since == wall_time{});
}

CAF_TEST(the first fetched list begins a line and the next ones belong to it) {
  read();
  const auto begun = clock->wall_now();
  end_fetches(good(4));
  advance(ttl);
  read();
  end_fetches(good(5));
  CAF_REQUIRE_EQUAL(store->written.size(), 2u);
  for (const auto& written : store->written)
    CAF_CHECK(decode_symbols(written.full_value, {})->judged_since == begun);
}

CAF_TEST_FIXTURE_SCOPE_END()
