#include "tests/support/runtime_redis_proxy.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "runtime/redis_client.hpp"
#include "tests/support/runtime_redis_server.hpp"

#define SKIP_WITHOUT_REDIS()                                                                                           \
  if (!test::redis_server::installed())                                                                                \
  GTEST_SKIP() << "redis-server is not installed"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::proxy_faults;

boot_time in(std::chrono::milliseconds span) { return boot_clock::now() + span; }

// One command over a connection of its own; whether it was answered.
bool answered(const std::string& url, redis_command command) {
  auto client = redis_client::connect(*redis_url::parse(url), in(5s));
  return client && (*client)->run(std::vector<redis_command>{std::move(command)}, in(200ms)).has_value();
}

TEST(redis_proxy, a_lost_reply_is_of_a_command_that_was_applied) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::redis_proxy proxy{server.socket(), 1};
  proxy.misbehave({.drop_reply = 1});
  EXPECT_FALSE(answered(proxy.url(), {"INCR", "n"}));
  EXPECT_EQ(server.get("n"), "1");
}

TEST(redis_proxy, a_cut_request_is_not_applied) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::redis_proxy proxy{server.socket(), 1};
  proxy.next({.kind = test::misdeed_kind::cut_request, .bytes = 9});
  EXPECT_FALSE(answered(proxy.url(), {"INCR", "n"}));
  EXPECT_EQ(server.ask({"GET", "n"}), "(nil)");
}

TEST(redis_proxy, a_refused_connection_answers_nothing_and_reaches_nobody) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::redis_proxy proxy{server.socket(), 1};
  proxy.misbehave({.refuse = 1});
  EXPECT_FALSE(answered(proxy.url(), {"INCR", "n"}));
  EXPECT_EQ(proxy.connections(), 0u);
  proxy.behave();
  EXPECT_TRUE(answered(proxy.url(), {"INCR", "n"}));
  EXPECT_EQ(server.get("n"), "1");
}

TEST(redis_proxy, every_connection_ends_when_all_are_cut) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::redis_proxy proxy{server.socket(), 1};
  auto client = redis_client::connect(*redis_url::parse(proxy.url()), in(5s));
  ASSERT_TRUE(client);
  const std::vector<redis_command> ping{{"PING"}};
  ASSERT_TRUE((*client)->run(ping, in(5s)));
  proxy.cut_all();
  const auto give_up = in(5s);
  while ((*client)->run(ping, in(5s)) && boot_clock::now() < give_up)
    ;
  EXPECT_FALSE((*client)->run(ping, in(5s)));
}

TEST(redis_proxy, faults_of_every_kind_happen_and_end_when_it_behaves) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server{{.durable = false}};
  test::redis_proxy proxy{server.socket(), 7};
  proxy.misbehave({.drop_reply = .2, .cut_request = .2, .cut_reply = .2, .delay = .1, .trickle = .1, .refuse = .2});
  int lost = 0;
  for (int i = 0; i < 200; ++i)
    lost += answered(proxy.url(), {"INCR", "n"}) ? 0 : 1;
  EXPECT_GT(lost, 80);
  EXPECT_LT(lost, 195);
  proxy.behave();
  EXPECT_TRUE(answered(proxy.url(), {"INCR", "n"}));
}

} // namespace
} // namespace holdfast
