#include "runtime/redis_subscription.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_wait.hpp"

#define SKIP_WITHOUT_REDIS()                                                                                           \
  if (!test::redis_server::installed())                                                                                \
  GTEST_SKIP() << "redis-server is not installed"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::wait_until;

struct hearing {
  std::mutex mutex;
  std::string last;
  std::atomic<int> count{0};
  redis_subscription subscription;

  explicit hearing(const std::string& url, std::chrono::milliseconds reply_timeout = 500ms,
                   std::chrono::milliseconds connect_timeout = 250ms)
    : subscription{{*redis_url::parse(url), connect_timeout, reply_timeout, "news"}, [this](std::string_view text) {
                     const std::lock_guard lock{mutex};
                     last = text;
                     ++count;
                   }} {}
  bool hears(test::redis_server& server, const std::string& text) {
    return wait_until([&] {
      server.ask({"PUBLISH", "news", text});
      const std::lock_guard lock{mutex};
      return last == text;
    });
  }
};

bool has_subscriber(const test::redis_server& server) { return server.ask({"PUBSUB", "NUMSUB", "news"}) == "news 1"; }

TEST(redis_subscription, what_is_published_is_heard) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  hearing one{server.url()};
  ASSERT_TRUE(wait_until([&] { return has_subscriber(server); }));
  EXPECT_EQ(server.ask({"PUBLISH", "news", "a"}), "1");
  EXPECT_TRUE(wait_until([&] { return one.count == 1; }));
}

TEST(redis_subscription, it_subscribes_again_after_every_loss) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  test::redis_proxy proxy{server.socket(), 1};
  hearing one{proxy.url()};
  EXPECT_TRUE(one.hears(server, "first"));
  proxy.cut_all();
  EXPECT_TRUE(one.hears(server, "second"));
  server.kill();
  server.start();
  EXPECT_TRUE(one.hears(server, "third"));
}

TEST(redis_subscription, several_messages_in_one_piece_are_all_heard) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  hearing one{server.url()};
  ASSERT_TRUE(wait_until([&] { return has_subscriber(server); }));
  EXPECT_EQ(server.ask({"EVAL", "for i = 1, 100 do redis.call('PUBLISH', 'news', i) end return 1", "0"}), "1");
  EXPECT_TRUE(wait_until([&] { return one.count == 100; }, 5s)) << one.count;
}

TEST(redis_subscription, it_ends_at_once_before_a_frozen_server) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  boot_time began;
  {
    hearing one{server.url(), 60s};
    ASSERT_TRUE(one.hears(server, "a"));
    server.freeze();
    began = boot_clock::now();
  }
  // The greeting, too, is waited for.
  { hearing another{server.url() + "?db=1", 60s, 60s}; }
  EXPECT_LT(boot_clock::now() - began, 5s);
  server.thaw();
}

TEST(redis_subscription, a_user_without_permission_asks_again_rarely) {
  SKIP_WITHOUT_REDIS();
  test::redis_server server;
  server.ask({"ACL", "SETUSER", "deaf", "on", ">pw", "~*", "+@all", "resetchannels"});
  test::redis_proxy proxy{server.socket(), 1};
  auto url = *redis_url::parse(proxy.url());
  url.user = "deaf";
  url.password = "pw";
  redis_subscription one{{url, 5s, 5s, "news"}, [](std::string_view) {}};
  ASSERT_TRUE(wait_until([&] { return proxy.connections() == 1; }));
  EXPECT_FALSE(wait_until([&] { return proxy.connections() > 1; }, 1s));
}

TEST(redis_subscription, where_descriptors_have_run_out_there_is_none_and_no_thread_that_nothing_ends) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  const auto url = *redis_url::parse("redis://127.0.0.1:1");
  std::unique_ptr<redis_subscription> one;
  ::setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_THROW(one = std::make_unique<redis_subscription>(redis_subscription_settings{url, 250ms, 500ms, "news"}, [](std::string_view) {}),
               std::runtime_error);
  ::setrlimit(RLIMIT_NOFILE, &before);
  static_cast<void>(one.release()); // one that is there after all could never be ended
}

} // namespace
} // namespace holdfast
