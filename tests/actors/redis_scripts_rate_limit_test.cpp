// The scripts that decide rate limits, in a real redis-server, held to the C++ that decides everywhere else.
#define CAF_SUITE redis_scripts_rate_limit

#include "actors/redis_scripts_rate_limit.hpp"

#include <random>

#include "runtime/rate_decision.hpp"
#include "runtime/rate_state_bytes.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_sanitizer.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t epoch = 1'700'000'000'000'000;
constexpr auto key = "rate_limit:a:b";

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// The script with a clock of ours: its last two keys instead of what TIME answers; on the server's clock nothing expires,
// so that a key of the other algorithm has a window left, as it has here.
std::string with_own_clock(std::string_view script) {
  std::string text{script};
  replace_all(text, "redis.call('TIME')", "{KEYS[2], KEYS[3]}");
  replace_all(text, "redis.call('PTTL', key) * 1000", "window");
  replace_all(text, "'PX',", "'PX', 100000000 +");
  replace_all(text, "'PEXPIRE', key,", "'PEXPIRE', key, 100000000 +");
  return text;
}

redis_command command_for(std::string text, const rate_request& request, std::optional<std::int64_t> now) {
  redis_command words{"EVAL", std::move(text), now ? "3" : "1", key};
  if (now)
    words.insert(words.end(), {std::to_string(*now / 1'000'000), std::to_string(*now % 1'000'000)});
  for (const auto number : {request.rule.limit, request.rule.window_us, request.hold_us, request.least, request.forced})
    words.push_back(std::to_string(number));
  for (const auto amount : request.amounts)
    words.push_back(std::to_string(amount));
  return words;
}

std::string text_of(const rate_outcome& outcome) {
  std::string text;
  for (const auto& one : outcome.verdicts)
    text += std::to_string(one.allowed ? one.granted : -1) + '/' + std::to_string(one.remaining) + '/'
            + std::to_string(one.retry_after_us) + ' ';
  return text;
}

std::string text_of(const redis_reply& reply) {
  std::string text = reply.text;
  for (std::size_t i = 0; i + 2 < reply.elements.size(); i += 3)
    text += std::to_string(reply.elements[i].integer) + '/' + std::to_string(reply.elements[i + 1].integer) + '/'
            + std::to_string(reply.elements[i + 2].integer) + ' ';
  return text;
}

struct redis_scripts_rate_limit_fixture {
  test::redis_server redis{{.durable = false}};
  std::unique_ptr<redis_client> client = std::move(*redis_client::connect(*redis_url::parse(redis.url()), boot_clock::now() + 5s));
  std::mt19937_64 random{11};

  redis_reply run(const redis_command& command) {
    const std::vector<redis_command> commands{command};
    auto replies = client->run(commands, boot_clock::now() + 5s);
    return replies ? replies->front() : redis_reply{redis_reply::kind::error, 0, replies.error().detail, {}};
  }
  std::uint64_t up_to(std::int64_t most) { return random() % static_cast<std::uint64_t>(most + 1); }

  rate_request some_request(const std::vector<rate_rule>& rules) {
    rate_request request;
    request.rule = rules[random() % rules.size()];
    for (auto count = up_to(3) + 1; count > 0; --count)
      request.amounts.push_back(static_cast<std::uint32_t>(up_to(9) == 0 ? up_to(request.rule.limit + 1) : up_to(2)));
    if (up_to(4) == 0)
      request.hold_us = static_cast<std::int64_t>(up_to(request.rule.window_us));
    if (up_to(4) == 0 && request.rule.algorithm == rate_algorithm::rolling)
      request.least = static_cast<std::int64_t>(up_to(3)) + 1;
    request.forced = up_to(30) == 0 ? static_cast<std::int64_t>(up_to(3)) : 0;
    return request;
  }

  // The same requests at the same moments give the same answers and the same bytes. A tenth of the moments lie before the
  // one before; the state is sometimes cut, bent or lost.
  void compare(const std::vector<rate_rule>& rules, std::int64_t step, int steps) {
    const auto smooth = with_own_clock(redis_scripts::smooth_rate);
    const auto rolling = with_own_clock(redis_scripts::rolling_window);
    std::string state;
    std::int64_t now = epoch;
    run({"DEL", key});
    for (int i = 0; i < test::steps_of(steps); ++i) {
      now += static_cast<std::int64_t>(up_to(step)) - (up_to(9) == 0 ? step : 0);
      if (up_to(300) == 0) {
        bend(state);
        run({"SET", key, state});
      }
      const auto request = some_request(rules);
      const auto expected = text_of(decide(state, request, now));
      const auto& text = request.rule.algorithm == rate_algorithm::smooth ? smooth : rolling;
      const auto found = text_of(run(command_for(text, request, now)));
      if (found != expected)
        CAF_MESSAGE("step " << i << " redis " << found << " here " << expected);
      CAF_REQUIRE_EQUAL(found, expected);
      if (i % 16 == 0)
        CAF_REQUIRE(run({"GET", key}).text == state);
    }
    CAF_REQUIRE(run({"GET", key}).text == state);
  }
  void bend(std::string& state) {
    if (state.empty())
      return;
    switch (up_to(2)) {
      case 0: state.clear(); break;
      case 1: state.pop_back(); break;
      default: state[8 + up_to(35)] ^= 1; // of the header's numbers
    }
  }
  rate_request one(std::int64_t limit, std::int64_t window_us, std::uint32_t amount = 1) {
    return {{limit, window_us}, {amount}};
  }
  bool allowed(const rate_request& request) {
    const auto text = request.rule.algorithm == rate_algorithm::smooth ? redis_scripts::smooth_rate : redis_scripts::rolling_window;
    const auto reply = run(command_for(std::string{text}, request, {}));
    CAF_REQUIRE_EQUAL(reply.elements.size(), 3u);
    return reply.elements[0].integer >= 0;
  }
  std::int64_t ttl() { return run({"PTTL", key}).integer; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_scripts_rate_limit_tests, redis_scripts_rate_limit_fixture)

CAF_TEST(exact windows are decided in redis as they are here) {
  compare({{5, 1000}}, 200, 20'000);
  compare({{300, 100'000}}, 600, 20'000);
  compare({{1000, 1'000'000}}, 900, 15'000);
}

CAF_TEST(windows in parts are decided in redis as they are here) {
  compare({{1001, 100'000}}, 90, 10'000);
  compare({{1'000'000'000, 2'678'400'000'000}}, 1'000'000'000'000, 5'000);
}

CAF_TEST(smooth limits are decided in redis as they are here) {
  compare({{7, 1000, rate_algorithm::smooth}}, 300, 10'000);
  compare({{600'001, 1'000'000, rate_algorithm::smooth}}, 3, 10'000);
  compare({{1'000'000'000, 9'000'000, rate_algorithm::smooth}}, 1'000, 10'000);
}

CAF_TEST(rules that change on one key are decided in redis as they are here) {
  compare({{5, 1000}, {40, 1000}, {1000, 5000}, {2000, 5000}, {9, 1000, rate_algorithm::smooth}}, 300, 20'000);
  compare({{3, 1000, rate_algorithm::smooth}, {7, 2000, rate_algorithm::smooth}}, 300, 10'000);
}

CAF_TEST(every key expires when nothing in it counts any more and is repaired where it does not) {
  CAF_CHECK(allowed(one(1, 60'000'000)));
  CAF_CHECK(ttl() > 59'000 && ttl() <= 60'002);
  run({"PERSIST", key});
  CAF_CHECK(!allowed(one(1, 60'000'000)));
  CAF_CHECK(ttl() > 59'000 && ttl() <= 60'002);
  run({"PERSIST", key});
  CAF_CHECK(allowed(one(2, 60'000'000)));
  CAF_CHECK(ttl() > 59'000 && ttl() <= 60'002);
}

CAF_TEST(smooth keys expire with their backlog and are repaired where they do not) {
  auto request = one(2, 60'000'000);
  request.rule.algorithm = rate_algorithm::smooth;
  CAF_CHECK(allowed(request));
  CAF_CHECK(ttl() > 29'000 && ttl() <= 30'002);
  CAF_CHECK(allowed(request));
  run({"PERSIST", key});
  CAF_CHECK(!allowed(request));
  CAF_CHECK(ttl() > 59'000 && ttl() <= 60'002);
  run({"PERSIST", key});
  CAF_CHECK(!allowed(one(2, 60'000'000)));
  CAF_CHECK(ttl() > 0);
}

CAF_TEST(a key of the other algorithm is refused until it expires and no longer) {
  CAF_CHECK(allowed(one(2, 60'000'000)));
  const auto asked = [&](rate_algorithm algorithm) {
    const auto script = algorithm == rate_algorithm::smooth ? redis_scripts::smooth_rate : redis_scripts::rolling_window;
    const auto reply = run(command_for(std::string{script}, {{2, 3'600'000'000, algorithm}, {1}}, {}));
    CAF_REQUIRE_EQUAL(reply.elements.size(), 3u);
    CAF_CHECK_EQUAL(reply.elements[0].integer, -1);
    return reply.elements[2].integer;
  };
  const auto rolling_left = asked(rate_algorithm::smooth);
  CAF_CHECK(rolling_left > 50'000'000 && rolling_left <= 60'002'000);
  run({"DEL", key});
  auto smooth = one(2, 60'000'000);
  smooth.rule.algorithm = rate_algorithm::smooth;
  CAF_CHECK(allowed(smooth));
  const auto smooth_left = asked(rate_algorithm::rolling);
  CAF_CHECK(smooth_left > 20'000'000 && smooth_left <= 30'002'000);
}

// A lease is counted beyond the window, also by a key that somebody made permanent.
CAF_TEST(a key that was made permanent is kept until its last permit counts no more) {
  auto request = one(1, 60'000'000);
  request.hold_us = 10'000'000;
  CAF_CHECK(allowed(request));
  run({"PERSIST", key});
  CAF_CHECK(!allowed(one(1, 60'000'000)));
  CAF_CHECK(ttl() > 65'000 && ttl() <= 70'002);
}

// What a server that was an hour ahead left behind: its clock is now an hour before the last admission.
CAF_TEST(a server whose clock was set back neither admits more nor refuses for an hour) {
  const auto ahead = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch() + 1h).count();
  std::string state;
  decide(state, one(3, 300'000, 2), ahead);
  run({"SET", key, state});
  CAF_CHECK(allowed(one(3, 300'000)));
  CAF_CHECK(!allowed(one(3, 300'000)));
  const auto give_up = boot_clock::now() + 5s;
  bool again = false;
  while (!again && boot_clock::now() < give_up)
    again = allowed(one(3, 300'000));
  CAF_CHECK(again);
}

CAF_TEST(a server that was emptied begins anew) {
  CAF_CHECK(allowed(one(1, 60'000'000)));
  CAF_CHECK(!allowed(one(1, 60'000'000)));
  run({"FLUSHALL"});
  CAF_CHECK(allowed(one(1, 60'000'000)));
}

CAF_TEST(a replica that takes over knows every admission that reached it) {
  test::redis_server primary{{.durable = false, .with_port = true, .arguments = {"--repl-diskless-sync-delay", "0"}}};
  test::redis_server replica{{.durable = false}};
  const auto ask_for = [](std::uint32_t amount) {
    return command_for(std::string{redis_scripts::rolling_window}, {{50, 60'000'000}, {amount}}, {});
  };
  primary.command(ask_for(1));
  replica.ask({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
  CAF_REQUIRE(test::wait_until([&] { return replica.get(key) == primary.get(key); }));
  for (int i = 0; i < 29; ++i)
    primary.command(ask_for(1));
  const auto state = primary.get(key);
  CAF_CHECK(test::wait_until([&] { return replica.get(key) == state; }));
  primary.kill();
  replica.ask({"REPLICAOF", "NO", "ONE"});
  const auto refused = replica.command(ask_for(21));
  CAF_CHECK_EQUAL(refused.elements.at(0).integer, -1);
  CAF_CHECK_EQUAL(refused.elements.at(1).integer, 20);
  CAF_CHECK(std::stoll(replica.ask({"PTTL", key})) > 0);
}

CAF_TEST(a key of another type is an error of its own) {
  run({"HSET", key, "a", "b"});
  CAF_CHECK(run(command_for(std::string{redis_scripts::rolling_window}, one(1, 1000), {})).is_error("WRONGTYPE"));
  CAF_CHECK(run(command_for(std::string{redis_scripts::smooth_rate}, one(1, 1000), {})).is_error("WRONGTYPE"));
}

CAF_TEST(processes are counted while they speak up) {
  const std::string script{redis_scripts::note_process};
  const auto note = [&](const std::string& who) { return run({"EVAL", script, "1", "holdfast:processes", who, "30000000"}).integer; };
  CAF_CHECK_EQUAL(note("a"), 1);
  CAF_CHECK_EQUAL(note("b"), 2);
  CAF_CHECK_EQUAL(note("a"), 2);
  run({"ZADD", "holdfast:processes", "1", "b"});
  run({"ZADD", "holdfast:processes", "9000000000000000", "c"});
  CAF_CHECK_EQUAL(note("a"), 1);
  CAF_CHECK(run({"PTTL", "holdfast:processes"}).integer > 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
