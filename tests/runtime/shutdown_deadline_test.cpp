// The end of an engine is bounded whatever was configured: every wait that could outlast it.
#include "runtime/shutdown_deadline.hpp"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/history_file.hpp"
#include "runtime/redis_client.hpp"
#include "runtime/socket_connect.hpp"
#include "runtime/sqlite_kv.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto for_long = 60s;
// Far more than an end takes on a busy machine, far less than `for_long`, and less than a database is waited for.
constexpr auto soon = 1500ms;

bool is_readable(int descriptor) {
  pollfd look{descriptor, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

// `waits` begins before the deadline is set, and ends soon after.
void expect_end(shutdown_deadline& ends, const std::function<void()>& waits) {
  std::thread one{waits};
  const auto at = boot_clock::now() + 50ms;
  ends.set(at);
  one.join();
  EXPECT_LT(boot_clock::now() - at, soon);
}

TEST(shutdown_deadline, is_told_by_its_descriptor_once_it_has_passed) {
  shutdown_deadline ends;
  EXPECT_FALSE(ends.passed());
  EXPECT_FALSE(is_readable(ends.descriptor()));
  ends.set(boot_clock::now() + 1h);
  EXPECT_FALSE(ends.passed());
  EXPECT_FALSE(is_readable(ends.descriptor()));
  ends.set(boot_clock::now() + 20ms);
  pollfd wait{ends.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 5000), 1);
  EXPECT_TRUE(ends.passed());
  EXPECT_TRUE(is_readable(ends.descriptor())); // whoever looks next
}

TEST(shutdown_deadline, is_never_put_off) {
  shutdown_deadline ends;
  ends.set(boot_time{});
  ends.set(boot_clock::now() + 1h);
  EXPECT_TRUE(ends.passed());
  EXPECT_TRUE(is_readable(ends.descriptor()));
}

TEST(shutdown_deadline, ends_the_wait_for_a_redis_that_is_silent) {
  test::resp_peer peer; // nobody is behind
  const auto url = *redis_url::parse(peer.url());
  shutdown_deadline ends;
  auto client = std::move(*redis_client::connect(url, boot_clock::now() + 5s, ends.descriptor()));
  expect_end(ends, [&] {
    const auto replies = client->run(std::vector<redis_command>{{"PING"}}, boot_clock::now() + for_long);
    ASSERT_FALSE(replies);
    EXPECT_EQ(replies.error().kind, redis_failure_kind::timeout);
  });
  auto with_greeting = url;
  with_greeting.database = 3;
  const auto began = boot_clock::now();
  EXPECT_FALSE(redis_client::connect(with_greeting, began + for_long, ends.descriptor()));
  EXPECT_LT(boot_clock::now() - began, soon);
}

// A listener that takes nobody in, with its queue full.
class full_listener {
public:
  full_listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(handle_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(handle_, 0);
    ::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 10; ++i) {
      const auto one = connect_tcp("127.0.0.1", port_, boot_clock::now() + 100ms);
      if (!one)
        break;
      waiting_.push_back(*one);
    }
  }
  ~full_listener() {
    for (const int one : waiting_)
      ::close(one);
    ::close(handle_);
  }
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  std::uint16_t port() const noexcept { return port_; }

private:
  int handle_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::vector<int> waiting_;
};

TEST(shutdown_deadline, ends_a_connect_that_hangs) {
  const full_listener swallows;
  shutdown_deadline ends;
  expect_end(ends, [&] { EXPECT_FALSE(connect_tcp("127.0.0.1", swallows.port(), boot_clock::now() + for_long, ends.descriptor())); });
}

struct held : ::testing::Test {
  test::temporary_folder folder;
  std::string store_path = folder.file("store.sqlite");
  std::string history_path = folder.file("history.sqlite");
  shutdown_deadline_ptr ends = std::make_shared<shutdown_deadline>();
};

TEST_F(held, a_database_that_another_one_writes_to_is_not_waited_for_past_the_end) {
  const auto store = std::move(*sqlite_kv::open(store_path, 2s, ends));
  const auto history = std::move(*history_file::open(history_path, {}, ends));
  const test::held_database store_holder{store_path};
  const test::held_database history_holder{history_path};
  expect_end(*ends, [&] {
    EXPECT_FALSE(store->set("key", "value", {}));
    EXPECT_FALSE(store->set("key", "value", {}));
    EXPECT_FALSE(history->record(1'800'000'000, {{"metrics:a:b", 1}}));
    EXPECT_FALSE(history->roll_up());
  });
}

TEST_F(held, a_database_that_another_one_holds_whole_is_opened_by_nobody_past_the_end) {
  std::vector<sqlite3*> holders;
  for (const auto& path : {store_path, history_path}) {
    ASSERT_TRUE(test::execute(path, "CREATE TABLE theirs(a)"));
    sqlite3_open(path.c_str(), &holders.emplace_back());
    ASSERT_EQ(sqlite3_exec(holders.back(), "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  expect_end(*ends, [&] {
    EXPECT_FALSE(sqlite_kv::open(store_path, 2s, ends));
    EXPECT_FALSE(history_file::open(history_path, {}, ends));
  });
  for (auto* one : holders)
    sqlite3_close(one);
}

TEST_F(held, whoever_hangs_while_he_opens_it_is_not_waited_for_past_the_end) {
  const int lock = ::open((store_path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  expect_end(*ends, [&] { sqlite_kv::open(store_path, std::chrono::milliseconds{for_long}, ends).has_value(); });
  ::close(lock);
}

TEST_F(held, a_statement_that_takes_for_ever_ends) {
  const auto store = std::move(*sqlite_kv::open(store_path, 2s, ends));
  ASSERT_TRUE(test::execute(store_path, "CREATE TRIGGER endless BEFORE INSERT ON entry BEGIN SELECT count(*) FROM "
                                        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n); END"));
  expect_end(*ends, [&] { EXPECT_FALSE(store->set("key", "value", {})); });
}

TEST_F(held, before_the_end_a_database_is_waited_for_as_ever) {
  const auto store = std::move(*sqlite_kv::open(store_path, 2s, ends));
  ends->set(boot_clock::now() + 1h);
  auto holder = std::make_unique<test::held_database>(store_path);
  std::thread lets_go{[&] {
    ::poll(nullptr, 0, 100);
    holder.reset();
  }};
  EXPECT_TRUE(store->set("key", "value", {}));
  lets_go.join();
}

} // namespace
} // namespace holdfast
