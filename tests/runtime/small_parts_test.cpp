#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "runtime/backoff.hpp"
#include "runtime/circuit_breaker.hpp"
#include "runtime/glob.hpp"
#include "runtime/redis_url.hpp"
#include "runtime/restart_budget.hpp"
#include "runtime/running_timers.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(running_timers, one_is_started_only_where_none_rings_as_early) {
  running_timers timers;
  const boot_time late{std::chrono::seconds{9}};
  const boot_time early{std::chrono::seconds{3}};
  EXPECT_TRUE(timers.wants(late));
  EXPECT_FALSE(timers.wants(late));
  EXPECT_TRUE(timers.wants(early));
  EXPECT_FALSE(timers.wants(late - std::chrono::seconds{1}));
  timers.rang(running_timers::number_of(early));
  EXPECT_FALSE(timers.wants(late)); // it still runs
  EXPECT_TRUE(timers.wants(late - std::chrono::seconds{1}));
}

TEST(glob, matches_as_redis_does) {
  EXPECT_TRUE(glob_matches("metrics:*:b", "metrics:a:a:b"));
  EXPECT_TRUE(glob_matches("h[a-c]llo?", "hbllo!"));
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("h[^a]llo", "hallo"));
  EXPECT_FALSE(glob_matches("a*b", "ac"));
  EXPECT_FALSE(glob_matches(std::string(60, '*') + "b", std::string(2000, 'a')));
}

TEST(redis_url, takes_every_part) {
  const auto url = redis_url::parse("redis://me:p%40ss@example.org:7000/3");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 7000);
  EXPECT_EQ(url->database, 3u);
  EXPECT_EQ(url->endpoint(), "redis://example.org:7000/3");
  EXPECT_EQ(redis_url::parse("unix:///run/redis.sock?db=2")->socket, "/run/redis.sock");
  EXPECT_EQ(redis_url::parse("redis://[::1]:1")->host, "::1");
}

TEST(redis_url, refuses_what_it_cannot_use_without_telling_the_password) {
  for (const auto* text : {"", "http://x", "redis://", "redis://h:0", "redis://h:70000", "redis://h/x", "unix://x",
                           "rediss://h", "redis://u:secret@h:x", "redis://a b"}) {
    const auto url = redis_url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().find("secret"), std::string::npos);
    EXPECT_NE(url.error().find("accepted"), std::string::npos);
  }
}

TEST(backoff, waits_stay_below_a_ceiling_that_doubles_up_to_the_most) {
  backoff wait{100ms, 1s, 7};
  for (const auto ceiling : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    EXPECT_EQ(wait.ceiling(), ceiling);
    EXPECT_LE(wait.next(), ceiling);
  }
  wait.reset();
  EXPECT_EQ(wait.ceiling(), 100ms);
}

TEST(backoff, waits_of_one_ceiling_fill_all_of_it) {
  constexpr int waits = 10'000;
  backoff wait{1s, 1s, 7};
  std::array<int, 10> tenths{};
  for (int i = 0; i < waits; ++i) {
    const auto one = wait.next();
    ASSERT_GE(one, 0s);
    ASSERT_LE(one, 1s);
    ++tenths[static_cast<std::size_t>(std::min<std::int64_t>(one / 100ms, 9))];
  }
  // A tenth each, give or take six standard deviations.
  for (const int one : tenths)
    EXPECT_NEAR(one, waits / 10, 180);
}

TEST(backoff, two_that_failed_at_once_do_not_come_again_at_once) {
  constexpr int rounds = 1000;
  backoff one{100ms, 10s, 1};
  backoff other{100ms, 10s, 2};
  int near = 0;
  for (int i = 0; i < rounds; ++i)
    near += std::chrono::abs(one.next() - other.next()) < 100ms ? 1 : 0;
  EXPECT_LT(near, rounds / 20); // 2 % are expected
  backoff same{100ms, 10s, 1};
  one = backoff{100ms, 10s, 1};
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(one.next(), same.next()); // the seed decides
}

TEST(restart_budget, refuses_one_too_many_within_the_window) {
  restart_budget budget{2, 10s};
  EXPECT_TRUE(budget.spend(boot_time{0s}));
  EXPECT_TRUE(budget.spend(boot_time{1s}));
  EXPECT_FALSE(budget.spend(boot_time{9s}));
  EXPECT_TRUE(budget.spend(boot_time{10s}));
}

TEST(circuit_breaker, opens_after_failures_and_closes_after_a_probe) {
  circuit_breaker circuit{2, 5s, 15s};
  circuit.failed(boot_time{0s});
  EXPECT_TRUE(circuit.admit(boot_time{0s}));
  circuit.failed(boot_time{0s});
  EXPECT_FALSE(circuit.admit(boot_time{4s}));
  EXPECT_TRUE(circuit.admit(boot_time{5s}));
  EXPECT_EQ(circuit.state(), circuit_breaker::phase::half_open);
  circuit.failed(boot_time{5s});
  EXPECT_FALSE(circuit.admit(boot_time{14s}));
  EXPECT_TRUE(circuit.admit(boot_time{15s}));
  circuit.succeeded();
  EXPECT_EQ(circuit.state(), circuit_breaker::phase::closed);
}

} // namespace
} // namespace holdfast
