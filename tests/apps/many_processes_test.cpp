// Several serves on one Redis: one asks the exchange, all follow, and who dies or freezes costs nobody more than an interval.
#define CAF_SUITE many_processes

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "apps/holdfast/simulated_exchange.hpp"
#include "config/keys.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_http_peer.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

// One serve with a state folder of its own, as on a machine of its own.
struct served {
  served(const std::string& state, const std::string& redis, const std::string& spot, const std::string& futures,
         std::vector<std::string> more)
    : process{[&] {
        std::vector<std::string> words{"serve", "--http=127.0.0.1:0", "--state-dir=" + state, "--redis-url=" + redis,
                                       "--spot-urls=" + spot, "--futures-urls=" + futures, "--futures-warmup-interval=0"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
      }()} {
    constexpr std::string_view ready = "serving on http://";
    const auto& printed = process.read_until(" (store:");
    if (const auto at = printed.find(ready); at != std::string::npos)
      url = "http://" + printed.substr(at + ready.size(), printed.find(' ', at + ready.size()) - at - ready.size());
  }

  // Of its answer: the tag of the list, empty where there is none or it is stale.
  std::string fresh_tag() {
    const auto answer = client.get({.url = url + "/api/v1/symbols/spot", .headers = {}, .timeout = 2000ms});
    if (!answer || answer->status != 200 || answer->header("x-holdfast-stale") != "false")
      return {};
    return std::string{answer->header("etag").value_or("")};
  }

  program_process process;
  std::string url;
  http_client client;
};

// An exchange whose first answer is held back until the test lets it go; later ones are another list, at once.
class held_exchange {
public:
  const std::string old_list = http_reply("200 OK", make_exchange_body(market::spot, 1, 60));
  const std::string new_list = http_reply("200 OK", make_exchange_body(market::spot, 2, 80));
  ~held_exchange() { let_go(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(peer_.port()); }
  bool asked(std::size_t times) const { return peer_.wait_for_requests(times); }
  void let_go() {
    const std::lock_guard guard{mutex_};
    free_ = true;
    freed_.notify_all();
  }

private:
  peer_reply answer(std::size_t number) {
    if (number > 0)
      return {new_list};
    std::unique_lock lock{mutex_};
    freed_.wait(lock, [this] { return free_; });
    return {old_list};
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  bool free_ = false;
  http_peer peer_{[this](std::size_t number, const std::string&) { return answer(number); }};
};

// An exchange that lists another symbol with every answer.
class growing_exchange {
public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(peer_.port()); }
  std::size_t requests() const { return peer_.requests(); }

private:
  http_peer peer_{[](std::size_t number, const std::string&) {
    return peer_reply{http_reply("200 OK", make_exchange_body(market::spot, 1, 60 + 6 * number))};
  }};
};

struct fixture {
  temporary_folder folder;
  std::optional<redis_server> redis;
  simulated_exchange exchange{{0, 1, 60, 20, {}, 1}};
  std::vector<std::unique_ptr<served>> all;

  fixture() {
    if (redis_server::installed())
      redis.emplace();
  }
  served& start(const std::string& spot, std::vector<std::string> more = {"--spot-ttl=20s", "--spot-warmup-interval=10s"}) {
    all.push_back(std::make_unique<served>(folder.file("state" + std::to_string(all.size())), redis->url(), spot, exchange.url(),
                                           std::move(more)));
    return *all.back();
  }
  std::string fence() const { return redis->get(keys::fence(keys::symbols_full(market::spot))); }
  // The tag of the fresh list that all are on; empty where they are not on one.
  std::string common_tag() const {
    std::set<std::string> tags;
    for (const auto& one : all)
      tags.insert(one->fresh_tag());
    return tags.size() == 1 ? *tags.begin() : std::string{};
  }
  static std::int64_t in_ms(std::chrono::nanoseconds length) { return std::chrono::floor<std::chrono::milliseconds>(length).count(); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(many_processes_tests, fixture)

CAF_TEST(ten processes fetch once an interval and are on the new list right after it was written) {
  if (!redis)
    return;
  growing_exchange growing;
  for (int i = 0; i < 10; ++i)
    start(growing.url(), {"--spot-ttl=10s", "--spot-warmup-interval=3s"});
  std::string tag;
  CAF_REQUIRE(wait_until([&] { return !(tag = common_tag()).empty(); }));
  const auto began = boot_clock::now();
  const auto asked = growing.requests();
  constexpr int rounds = 3;
  std::chrono::nanoseconds quickest = 1h;
  for (int round = 0; round < rounds; ++round) {
    const auto before = fence();
    CAF_REQUIRE(wait_until([&] { return fence() != before; }));
    const auto written = boot_clock::now();
    // By the time that ten processes were asked one after the other.
    const auto last = tag;
    CAF_REQUIRE(wait_until([&] { return !(tag = common_tag()).empty() && tag != last; }));
    const auto took = boot_clock::now() - written;
    quickest = std::min<std::chrono::nanoseconds>(quickest, took);
    CAF_MESSAGE("all ten on the new list after at most " << in_ms(took) << " ms");
  }
  CAF_CHECK(quickest < 200ms); // of three, and with the time that asking all ten takes
  const auto intervals = (boot_clock::now() - began) / 2700ms + 1;
  CAF_CHECK(growing.requests() - asked >= rounds);
  // Each for itself they would be ten times as many.
  CAF_CHECK(growing.requests() - asked <= static_cast<std::uint64_t>(intervals) + 1);
}

CAF_TEST(a holder that is killed while it fetches is taken over within an interval) {
  if (!redis)
    return;
  held_exchange held;
  auto& holder = start(held.url());
  CAF_REQUIRE(held.asked(1));
  auto& other = start(held.url());
  holder.process.send(SIGKILL);
  const auto killed = boot_clock::now();
  CAF_REQUIRE(wait_until([&] { return !other.fresh_tag().empty(); }));
  CAF_MESSAGE("taken over after ms " << in_ms(boot_clock::now() - killed));
  CAF_CHECK(boot_clock::now() - killed < 10s); // the interval; the lease is for 3 s
}

CAF_TEST(a holder that was frozen with its answer on the way never replaces the newer list) {
  if (!redis)
    return;
  held_exchange held;
  auto& holder = start(held.url());
  CAF_REQUIRE(held.asked(1));
  holder.process.send(SIGSTOP);
  const auto frozen = boot_clock::now();
  auto& other = start(held.url());
  CAF_REQUIRE(wait_until([&] { return !other.fresh_tag().empty(); }));
  CAF_CHECK(boot_clock::now() - frozen < 10s);
  const auto newer = other.fresh_tag();
  const auto order = fence();
  held.let_go();
  holder.process.send(SIGCONT);
  CAF_CHECK(wait_until([&] { return holder.fresh_tag() == newer; }));
  CAF_CHECK_EQUAL(other.fresh_tag(), newer);
  CAF_CHECK(fence() >= order);
}

CAF_TEST(a holder that was frozen does not write its old list into a store that was emptied meanwhile) {
  if (!redis)
    return;
  held_exchange held;
  auto& holder = start(held.url());
  CAF_REQUIRE(held.asked(1));
  holder.process.send(SIGSTOP);
  auto& other = start(held.url());
  CAF_REQUIRE(wait_until([&] { return !other.fresh_tag().empty() && !redis->get("cache:symbols:spot:v1").empty(); }));
  const auto newer = other.fresh_tag();
  const auto list = redis->get("cache:symbols:spot:v1");
  redis->command({"FLUSHALL"});
  held.let_go();
  holder.process.send(SIGCONT);
  bool only_the_newer = true;
  CAF_CHECK(wait_until([&] {
    const auto stored = redis->get("cache:symbols:spot:v1");
    only_the_newer = only_the_newer && (stored == list || stored.empty() || stored == "(nil)");
    return holder.fresh_tag() == newer && stored == list;
  }));
  CAF_CHECK(only_the_newer);
  CAF_CHECK_EQUAL(other.fresh_tag(), newer);
}

CAF_TEST_FIXTURE_SCOPE_END()
