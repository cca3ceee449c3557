#include "runtime/redis_client.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "tests/support/runtime_redis_server.hpp"

#define SKIP_WITHOUT_REDIS()                                                                                           \
  if (!test::redis_server::installed())                                                                                \
  GTEST_SKIP() << "redis-server is not installed"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

boot_time in(std::chrono::milliseconds span) { return boot_clock::now() + span; }

std::unique_ptr<redis_client> connect(const std::string& url) {
  auto client = redis_client::connect(*redis_url::parse(url), in(5s));
  EXPECT_TRUE(client) << client.error().detail;
  return client ? std::move(*client) : nullptr;
}

TEST(redis_client, a_pipeline_is_answered_in_its_order) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  auto client = connect(server.url());
  ASSERT_TRUE(client);
  const std::vector<redis_command> commands{
    {"SET", "k", std::string{"a\0b\r\n", 5}}, {"GET", "k"}, {"INCRBY", "n", "9223372036854775807"}, {"GET", "none"}, {"NONSENSE"},
    {"MGET", "k", "none"}};
  auto replies = client->run(commands, in(5s));
  ASSERT_TRUE(replies) << replies.error().detail;
  ASSERT_EQ(replies->size(), 6u);
  EXPECT_EQ((*replies)[1].text, std::string("a\0b\r\n", 5));
  EXPECT_EQ((*replies)[2].integer, INT64_MAX);
  EXPECT_EQ((*replies)[3].what, redis_reply::kind::nil);
  EXPECT_TRUE((*replies)[4].is_error("ERR"));
  ASSERT_EQ((*replies)[5].elements.size(), 2u);
  EXPECT_EQ((*replies)[5].elements[1].what, redis_reply::kind::nil);
}

TEST(redis_client, ten_thousand_commands_travel_in_one_pipeline) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  auto client = connect(server.url());
  ASSERT_TRUE(client);
  const std::vector<redis_command> commands(10'000, {"INCR", "n"});
  auto replies = client->run(commands, in(10s));
  ASSERT_TRUE(replies);
  EXPECT_EQ(replies->back().integer, 10'000);
}

TEST(redis_client, five_megabytes_go_there_and_back) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  auto client = connect(server.url());
  ASSERT_TRUE(client);
  const std::string big(5u << 20, 'x');
  const std::vector<redis_command> commands{{"SET", "big", big}, {"GET", "big"}};
  auto replies = client->run(commands, in(10s));
  ASSERT_TRUE(replies) << replies.error().detail;
  EXPECT_EQ((*replies)[1].text, big);
}

TEST(redis_client, a_tcp_address_and_a_database_are_used) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server{{.with_port = true}};
  auto client = connect("redis://127.0.0.1:" + std::to_string(server.port()) + "/3");
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->run(std::vector<redis_command>{{"SET", "k", "v"}}, in(5s)));
  EXPECT_EQ(server.ask({"GET", "k"}), "(nil)");
  EXPECT_EQ(server.ask({"INFO", "keyspace"}).find("db0"), std::string::npos);
}

TEST(redis_client, a_password_opens_the_door_and_a_wrong_one_is_told_as_such) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server{{.arguments = {"--requirepass", "s3cret"}}};
  auto url = *redis_url::parse(server.url());
  url.password = "s3cret";
  auto client = redis_client::connect(url, in(5s));
  ASSERT_TRUE(client);
  EXPECT_TRUE((*client)->run(std::vector<redis_command>{{"PING"}}, in(5s)));
  url.password = "wrong";
  const auto refused = redis_client::connect(url, in(5s));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("WRONGPASS"), std::string::npos);
  EXPECT_EQ(refused.error().detail.find("wrong"), std::string::npos);
}

TEST(redis_client, a_user_has_a_name_and_a_password) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server{{.with_port = true}};
  server.ask({"ACL", "SETUSER", "trader", "on", ">p/w@1", "~*", "+@all"});
  auto client = connect("redis://trader:p%2Fw%401@localhost:" + std::to_string(server.port()) + "/2");
  ASSERT_TRUE(client);
  const auto replies = client->run(std::vector<redis_command>{{"ACL", "WHOAMI"}, {"SET", "k", "v"}}, in(5s));
  ASSERT_TRUE(replies);
  EXPECT_EQ((*replies)[0].text, "trader");
  EXPECT_EQ(server.ask({"GET", "k"}), "(nil)");
}

TEST(redis_client, what_the_server_refuses_of_the_greeting_is_told_in_its_words) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  auto url = *redis_url::parse(server.url());
  url.database = 99;
  const auto no_database = redis_client::connect(url, in(5s));
  ASSERT_FALSE(no_database);
  EXPECT_EQ(no_database.error().kind, redis_failure_kind::refused);
  EXPECT_EQ(no_database.error().detail, "ERR DB index is out of range");
  url = *redis_url::parse(server.url());
  url.password = "unwanted";
  const auto no_password = redis_client::connect(url, in(5s));
  ASSERT_FALSE(no_password);
  EXPECT_EQ(no_password.error().kind, redis_failure_kind::refused);
}

TEST(redis_client, a_server_that_is_full_is_told_as_such) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server{{.arguments = {"--maxclients", "1"}}};
  auto first = connect(server.url());
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->run(std::vector<redis_command>{{"PING"}}, in(5s)));
  auto second = redis_client::connect(*redis_url::parse(server.url()), in(5s));
  ASSERT_TRUE(second);
  const std::vector<redis_command> commands{{"PING"}, {"PING"}};
  const auto replies = (*second)->run(commands, in(5s));
  ASSERT_FALSE(replies);
  EXPECT_NE(replies.error().detail.find("max number of clients"), std::string::npos) << replies.error().detail;
}

TEST(redis_client, nobody_there_is_unreachable) {
  const auto client = redis_client::connect(*redis_url::parse("unix:///nowhere/redis.sock"), in(5s));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, redis_failure_kind::unreachable);
}

TEST(redis_client, a_frozen_server_costs_the_deadline_and_no_more) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  auto client = connect(server.url());
  ASSERT_TRUE(client);
  server.freeze();
  const auto replies = client->run(std::vector<redis_command>{{"PING"}}, in(50ms));
  server.thaw();
  ASSERT_FALSE(replies);
  EXPECT_EQ(replies.error().kind, redis_failure_kind::timeout);
}

} // namespace
} // namespace holdfast
