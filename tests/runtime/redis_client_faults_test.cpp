#include "runtime/redis_client.hpp"

#include <fstream>
#include <memory>

#include <gtest/gtest.h>

#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"

#define SKIP_WITHOUT_REDIS()                                                                                           \
  if (!test::redis_server::installed())                                                                                \
  GTEST_SKIP() << "redis-server is not installed"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::misdeed_kind;

boot_time in(std::chrono::milliseconds span) { return boot_clock::now() + span; }

// A client whose peer has nobody behind it: it answers what it is told to.
struct told_peer {
  test::resp_peer peer;
  std::unique_ptr<redis_client> client;

  told_peer() { client = std::move(*redis_client::connect(*redis_url::parse(peer.url()), in(5s))); }
  auto answer_with(std::string text, std::chrono::milliseconds patience = 5s) {
    peer.next({.kind = misdeed_kind::say, .text = std::move(text)});
    return client->run(std::vector<redis_command>{{"PING"}}, in(patience));
  }
};

TEST(redis_client_faults, garbage_breaks_the_link) {
  for (const char* text : {"HTTP/1.1 400 Bad Request\r\n\r\n", "$x\r\n", ":12a\r\n", "*1\r\n?\r\n", "$3\r\nabcde\r\n"}) {
    told_peer told;
    const auto replies = told.answer_with(text, 500ms);
    ASSERT_FALSE(replies) << text;
    EXPECT_EQ(replies.error().kind, redis_failure_kind::garbled) << text << replies.error().detail;
  }
}

TEST(redis_client_faults, an_absurd_length_is_refused_at_once) {
  for (const char* text : {"*2147483647\r\n", "*4294967296\r\n", "*99999999999999999999\r\n", "$2147483647\r\nab",
                           "$99999999999\r\nab", "*1\r\n$536870912\r\nab"}) {
    told_peer told;
    const auto replies = told.answer_with(text, 60s);
    ASSERT_FALSE(replies) << text;
    EXPECT_EQ(replies.error().kind, redis_failure_kind::garbled) << text << replies.error().detail;
  }
}

TEST(redis_client_faults, a_length_that_is_not_true_is_never_believed) {
  SKIP_WITHOUT_REDIS();
  test::redis_server redis;
  redis.ask({"SET", "k", "twelve bytes"});
  for (const std::size_t told : {0u, 1u, 11u, 13u, 500u, 1u << 30}) {
    test::resp_peer peer{redis.socket()};
    auto client = std::move(*redis_client::connect(*redis_url::parse(peer.url()), in(5s)));
    peer.next({.kind = misdeed_kind::lie, .bytes = told});
    const auto replies = client->run(std::vector<redis_command>{{"GET", "k"}}, in(300ms));
    EXPECT_FALSE(replies) << told;
    EXPECT_FALSE(client->run(std::vector<redis_command>{{"GET", "k"}}, in(300ms))) << told;
  }
}

TEST(redis_client_faults, nested_arrays_share_one_bound) {
  told_peer told;
  const auto replies = told.answer_with("*1048576\r\n*1048576\r\n*1048576\r\n*1048576\r\n", 60s);
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::garbled);
}

// Resident pages of this process, in bytes.
std::size_t resident() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t held = 0;
  file >> all >> held;
  return held * 4096;
}

TEST(redis_client_faults, elements_that_were_announced_and_never_came_cost_no_memory) {
  told_peer told;
  const auto before = resident();
  const auto replies = told.answer_with("*1000000\r\n+ONE\r\n", 50ms);
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::timeout);
  EXPECT_LT(resident(), before + (16u << 20));
}

TEST(redis_client_faults, arrays_of_arrays_arrive_whole) {
  told_peer told;
  const auto replies = told.answer_with("*3\r\n*2\r\n:1\r\n*2\r\n+a\r\n+b\r\n*0\r\n*1\r\n*-1\r\n");
  ASSERT_TRUE(replies) << replies.error().detail;
  const auto& parts = replies->front().elements;
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].elements[0].integer, 1);
  EXPECT_EQ(parts[0].elements[1].elements[1].text, "b");
  EXPECT_TRUE(parts[1].elements.empty());
  EXPECT_EQ(parts[2].elements[0].what, redis_reply::kind::nil);
}

TEST(redis_client_faults, a_reply_too_many_is_never_handed_to_the_next_caller) {
  told_peer told;
  const auto first = told.answer_with("+ONE\r\n+OF THE PAST\r\n");
  const auto second = told.answer_with("+TWO\r\n");
  EXPECT_FALSE(first && second && (*second)[0].text == "OF THE PAST");
  EXPECT_FALSE(second);
}

TEST(redis_client_faults, a_reply_after_its_deadline_is_never_handed_to_the_next_caller) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::resp_peer peer{server.socket()};
  auto client = redis_client::connect(*redis_url::parse(peer.url()), in(5s));
  ASSERT_TRUE(client);
  peer.next({.kind = misdeed_kind::delay, .pause = 2s});
  const auto late = (*client)->run(std::vector<redis_command>{{"ECHO", "late"}}, in(20ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, redis_failure_kind::timeout);
  const auto next = (*client)->run(std::vector<redis_command>{{"ECHO", "next"}}, in(5s));
  EXPECT_FALSE(next) << (*next)[0].text;
}

TEST(redis_client_faults, a_trickle_does_not_move_the_deadline) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  server.ask({"SET", "k", std::string(1000, 'x')});
  test::resp_peer peer{server.socket()};
  auto client = redis_client::connect(*redis_url::parse(peer.url()), in(5s));
  ASSERT_TRUE(client);
  peer.next({.kind = misdeed_kind::trickle, .pause = 10ms});
  const auto began = boot_clock::now();
  const auto replies = (*client)->run(std::vector<redis_command>{{"GET", "k"}}, in(100ms));
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::timeout);
  EXPECT_LT(boot_clock::now() - began, 5s); // the whole trickle takes ten
}

TEST(redis_client_faults, megabytes_that_move_earn_time_and_a_trickle_none) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  const std::string big(16u << 20, 'x');
  const std::vector<redis_command> commands{{"SET", "big", big}, {"GET", "big"}};
  // On a busy machine nothing may move for as long as what was earned lasts.
  bool arrived = false;
  for (int attempt = 0; attempt < 5 && !arrived; ++attempt) {
    auto client = redis_client::connect(*redis_url::parse(server.url()), in(5s));
    ASSERT_TRUE(client);
    arrived = (*client)->run(commands, in(300ms), 2s).has_value();
  }
  EXPECT_TRUE(arrived);
  test::resp_peer peer{server.socket()};
  auto slow = redis_client::connect(*redis_url::parse(peer.url()), in(5s));
  ASSERT_TRUE(slow);
  peer.next({.kind = misdeed_kind::trickle, .pause = 10ms});
  const auto replies = (*slow)->run(std::vector<redis_command>{{"ECHO", std::string(1000, 'x')}}, in(50ms), 60s);
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::timeout);
}

TEST(redis_client_faults, half_a_reply_is_none) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::resp_peer peer{server.socket()};
  auto client = redis_client::connect(*redis_url::parse(peer.url()), in(5s));
  ASSERT_TRUE(client);
  peer.next({.kind = misdeed_kind::cut_reply, .bytes = 9});
  const std::vector<redis_command> commands{{"PING"}, {"PING"}, {"PING"}};
  const auto replies = (*client)->run(commands, in(5s));
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::closed);
}

TEST(redis_client_faults, a_broken_connection_stays_broken) {
  told_peer told;
  ASSERT_FALSE(told.answer_with("?", 5s));
  EXPECT_FALSE(told.answer_with("+PONG\r\n"));
}

} // namespace
} // namespace holdfast
