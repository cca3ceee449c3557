#define CAF_SUITE fetcher_lives

// Fetchers with a real HTTP client against the simulated exchange, crashing wherever they can.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/fetcher.hpp"
#include "actors/supervisor.hpp"
#include "apps/holdfast/simulated_exchange.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/runtime_wait.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

enum class trouble {
  none,
  start_throws,
  first_message_throws,
  timer_throws,
  shutdown_throws,
  before_the_transfer,
  after_the_transfer
};

struct plan {
  std::array<trouble, market_count> troubles{};
  int starts = 0;
  fetcher_actor crashing; // the last one
};

// Crashes around a real transfer.
class crashing_transfer final : public http_transfer {
public:
  crashing_transfer(market which, std::shared_ptr<plan> script) : which_{which}, script_{std::move(script)} {}
  expected<http_answer, transfer_failure> get(const http_request& request) override {
    if (script_->troubles[index(which_)] == trouble::before_the_transfer)
      throw std::runtime_error{"injected before the transfer"};
    auto answer = real_.get(request);
    if (script_->troubles[index(which_)] == trouble::after_the_transfer)
      throw std::logic_error{"injected after the transfer"};
    return answer;
  }
  void cancel() noexcept override { real_.cancel(); }

private:
  market which_;
  std::shared_ptr<plan> script_;
  http_client real_;
};

constexpr auto until_the_timer = 50ms;

// Answers nothing, and throws in the place that is wanted.
fetcher_actor::behavior_type crashing_fetcher(fetcher_actor::pointer self, trouble what) {
  self->set_exit_handler([self, what](caf::exit_msg& why) {
    if (what == trouble::shutdown_throws)
      throw std::runtime_error{"injected at shutdown"};
    self->quit(why.reason);
  });
  return {[self, what](const fetch_symbols&) -> caf::result<fetch_outcome> {
            if (what == trouble::first_message_throws)
              throw std::runtime_error{"injected in the first message"};
            if (what == trouble::timer_throws)
              self->delayed_send(self, until_the_timer, wake{});
            return self->make_response_promise<fetch_outcome>();
          },
          [what](const wake&) {
            if (what == trouble::timer_throws)
              throw std::runtime_error{"injected in a timer"};
          }};
}

last_good_actor::behavior_type known_last_good(last_good_actor::pointer) {
  return {[](const last_good_wanted&) {
            return symbols_answer{test::actor_fixture::table_of(2), symbols_source::last_good, {}, {}, {}};
          },
          [](const table_accepted&) {}, [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_last_good_status&) { return last_good_status{}; }, [](const wake&) {}};
}

constexpr auto longest_backoff = 11s;

// CAF's clock and ours are virtual, the network is real: a fetch ends before the clock goes on.
struct fetcher_lives_fixture : test::actor_fixture {
  simulated_exchange exchange{{0, 1, 60, 60, {}}};
  std::shared_ptr<plan> script = std::make_shared<plan>();
  supervisor_actor under_test;

  fetcher_lives_fixture() {
    supervisor_settings settings;
    settings.seed = 3;
    settings.start = [this](caf::actor_system& system, market which) { return start(system, which); };
    under_test = sys.spawn(supervisor, settings, clock_ptr{clock}, sys.spawn(known_last_good));
    consume_messages();
  }
  ~fetcher_lives_fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  started_fetcher start(caf::actor_system& system, market which) {
    ++script->starts;
    switch (script->troubles[index(which)]) {
      case trouble::start_throws: throw std::runtime_error{"injected at start"};
      case trouble::first_message_throws:
      case trouble::timer_throws:
      case trouble::shutdown_throws:
        script->crashing = system.spawn(crashing_fetcher, script->troubles[index(which)]);
        return {script->crashing, {}};
      default: break;
    }
    fetcher_settings settings;
    settings.which = which;
    settings.urls = {exchange.url()};
    const fetcher_means means{clock, std::make_shared<crashing_transfer>(which, script),
                              std::make_shared<embargo>(which, "", clock_ptr{clock}),
                              std::make_shared<exchange_memory>("", clock_ptr{clock}, false), {}};
    return {system.spawn(fetcher, settings, means), {}};
  }
  fetch_result fetch(market which = market::spot) {
    return ask<fetch_result>(under_test, fetch_wanted{which, nullptr}).value_or(fetch_result{});
  }
  fetcher_status status(market which = market::spot) {
    return ask<supervisor_status>(under_test, get_supervisor_status{})->fetchers[index(which)];
  }
  bool other_market_is_fine() { return fetch(market::futures).failure == fault::none; }
  void be_troubled(trouble what) { script->troubles[index(market::spot)] = what; }
  // A fetcher that is in trouble from its start, after one that crashed.
  void start_troubled(trouble what) {
    be_troubled(trouble::before_the_transfer);
    fetch();
    be_troubled(what);
    advance(longest_backoff);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_lives_tests, fetcher_lives_fixture)

CAF_TEST(a crash around a transfer is answered by last good counted and followed by a new fetcher) {
  for (const auto what : {trouble::before_the_transfer, trouble::after_the_transfer}) {
    const auto restarts = status().restarts;
    be_troubled(what);
    const auto result = fetch();
    CAF_CHECK(result.answer.source == symbols_source::last_good);
    CAF_CHECK(result.failure == fault::fetch_failed);
    CAF_CHECK(other_market_is_fine());
    be_troubled(trouble::none);
    advance(longest_backoff);
    CAF_CHECK_EQUAL(status().restarts, restarts + 1);
    CAF_CHECK(fetch().failure == fault::none);
    CAF_CHECK_EQUAL(status(market::futures).restarts, 0u);
  }
}

CAF_TEST(a crash in the first message of every new fetcher is a crash loop that degrades and is probed) {
  be_troubled(trouble::before_the_transfer);
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  be_troubled(trouble::first_message_throws);
  for (int i = 0; i < 300 && !status().down; ++i) {
    advance(200ms);
    CAF_CHECK(fetch().answer.source == symbols_source::last_good);
    CAF_CHECK(other_market_is_fine());
  }
  const auto told = status();
  CAF_CHECK(told.down);
  CAF_CHECK_EQUAL(told.restarts, 5u);
  CAF_CHECK(told.circuit == circuit_state::open);
  const auto asked = exchange.requests(market::spot);
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), asked);
  be_troubled(trouble::none);
  for (int i = 0; i < 300 && status().down; ++i) {
    advance(200ms);
    fetch();
  }
  CAF_CHECK(!status().down);
  CAF_CHECK(status().circuit == circuit_state::closed);
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a start that throws is tried again and what is asked meanwhile is answered) {
  be_troubled(trouble::before_the_transfer);
  fetch();
  be_troubled(trouble::start_throws);
  advance(longest_backoff);
  CAF_CHECK(status().restarts >= 2);
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  CAF_CHECK(other_market_is_fine());
  be_troubled(trouble::none);
  for (int i = 0; i < 100 && !status().running; ++i)
    advance(200ms);
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a crash in a timer of a fetcher is answered by last good and followed by a new one) {
  start_troubled(trouble::timer_throws);
  const auto restarts = status().restarts;
  auto asked = self->request(under_test, caf::infinite, fetch_wanted{market::spot, nullptr});
  consume_messages();
  be_troubled(trouble::none);
  advance(until_the_timer);
  asked.receive(
    [](const fetch_result& result) {
      CAF_CHECK(result.failure == fault::fetch_failed);
      CAF_CHECK(result.answer.source == symbols_source::last_good);
    },
    [](const caf::error&) { CAF_CHECK(false); });
  CAF_CHECK_EQUAL(status().restarts, restarts + 1);
  CAF_CHECK(other_market_is_fine());
  advance(longest_backoff);
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a crash of a fetcher at its shutdown is followed by a new one) {
  start_troubled(trouble::shutdown_throws);
  const auto restarts = status().restarts;
  be_troubled(trouble::none);
  caf::anon_send_exit(script->crashing, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(status().restarts, restarts + 1);
  CAF_CHECK(fetch().answer.source == symbols_source::last_good);
  CAF_CHECK(other_market_is_fine());
  advance(longest_backoff);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(status(market::futures).restarts, 0u);
}

CAF_TEST(failures of the exchange are no crashes) {
  using enum exchange_fault;
  const auto starts = script->starts;
  for (const auto fault : {server_error, reset, html, truncated, banned_body}) {
    exchange.set_fault(market::spot, fault, 1s);
    CAF_CHECK(fetch().answer.source == symbols_source::last_good);
    advance(longest_backoff);
  }
  exchange.set_fault(market::spot, none);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(script->starts, starts);
  CAF_CHECK_EQUAL(status().restarts, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()

#undef CAF_SUITE
#define CAF_SUITE fetcher_stuck

namespace {

// A transfer that hears nothing of its deadline, until it is cancelled.
class stuck_transfer final : public http_transfer {
public:
  explicit stuck_transfer(std::shared_ptr<std::atomic<bool>> stuck) : stuck_{std::move(stuck)} {}
  expected<http_answer, transfer_failure> get(const http_request& request) override {
    if (!*stuck_)
      return real_.get(request);
    std::unique_lock lock{mutex_};
    ended_.wait(lock, [this] { return cancelled_; });
    return unexpected{transfer_failure{transfer_failure_kind::cancelled, "cancelled"}};
  }
  void cancel() noexcept override {
    {
      std::lock_guard guard{mutex_};
      cancelled_ = true;
    }
    ended_.notify_all();
    real_.cancel();
  }

private:
  std::shared_ptr<std::atomic<bool>> stuck_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool cancelled_ = false;
  http_client real_;
};

} // namespace

CAF_TEST(a fetcher that hangs inside a transfer past its deadline is abandoned and replaced) {
  simulated_exchange exchange{{0, 1, 60, 60, {}}};
  engine_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  const auto clock = system_clocks();
  const auto stuck = std::make_shared<std::atomic<bool>>(true);
  std::atomic<int> starts{0};
  supervisor_settings settings;
  settings.fetch_timeout = 2s;
  settings.start = [&](caf::actor_system& on, market which) -> started_fetcher {
    ++starts;
    fetcher_settings fetching;
    fetching.which = which;
    fetching.urls = {exchange.url()};
    const auto transfer
      = std::make_shared<stuck_transfer>(which == market::spot ? stuck : std::make_shared<std::atomic<bool>>(false));
    return {on.spawn<caf::detached>(fetcher, fetching,
                                    fetcher_means{clock, transfer, std::make_shared<embargo>(which, "", clock),
                                                  std::make_shared<exchange_memory>("", clock, false), {}}),
            [transfer] { transfer->cancel(); }};
  };
  auto under_test = system.spawn(supervisor, settings, clock, system.spawn(known_last_good));
  const auto fetch = [&](market which) {
    fetch_result result;
    self->request(under_test, 10s, fetch_wanted{which, nullptr})
      .receive([&](fetch_result& given) { result = std::move(given); }, [](const caf::error&) {});
    return result;
  };
  const auto begin = boot_clock::now();
  CAF_CHECK(fetch(market::spot).answer.source == symbols_source::last_good);
  CAF_CHECK(boot_clock::now() - begin < 8s);
  CAF_CHECK(fetch(market::futures).failure == fault::none);
  *stuck = false;
  CAF_CHECK(test::wait_until([&] { return fetch(market::spot).failure == fault::none; }));
  CAF_CHECK_EQUAL(starts.load(), 3);
  self->send_exit(under_test, caf::exit_reason::user_shutdown);
  self->wait_for(under_test);
}
