// A whole engine in virtual time, for the tests of a host's own actors and code: production's actors and wiring, a scripted
// store and exchange, and a clock that the test moves. Nothing runs but in advance(), run() and the calls of the engine.
//
//   #define CAF_SUITE my_host
//   #include <holdfast/testing/fixture.hpp>   // after every other include: CAF's test DSL defines `expect`, `allow` and `_`
//
//   CAF_TEST_FIXTURE_SCOPE(my_host_tests, holdfast::testing::fixture)
//   CAF_TEST(a list outlives the exchange) {
//     engine().symbols_sync(holdfast::market::spot);
//     exchange.fail(holdfast::market::spot);
//     advance(std::chrono::minutes{10});
//     CAF_CHECK(engine().symbols_sync(holdfast::market::spot).stale);
//   }
//   CAF_TEST_FIXTURE_SCOPE_END()
//
// One file of the test program includes <caf/test/unit_test_impl.hpp>, which has its main().
//
// Threads  one.
// Time     the engine's `_sync` calls take none: what is not answered without the clock going on is answered as after the
//          deadline. The clock goes on in steps of at most 1 s, each followed by all that is due.
// Limits   no warmup, no history and no gateway, unless the test's options ask for them. State lies in a folder of its own,
//          which is gone with the fixture.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <holdfast/config/engine_config.hpp>
#include <holdfast/engine/engine.hpp>
#include <holdfast/testing/manual_clock.hpp>
#include <holdfast/testing/scripted_exchange.hpp>
#include <holdfast/testing/scripted_store.hpp>

#include <caf/test/dsl.hpp>

namespace holdfast::testing {

// `Config` is the host's own configuration, derived from engine_config.
template <class Config = engine_config>
class basic_fixture : public test_coordinator_fixture<Config> {
public:
  using adjustment = std::function<void(options&)>; // changes the options of an engine about to start; null: none

  // `adjust` changes options before the engine starts. Both markets list BTCUSDT and ETHUSDT.
  explicit basic_fixture(const adjustment& adjust = {}) {
    for (const auto which : all_markets)
      exchange.list(which, {"BTCUSDT", "ETHUSDT"});
    start(adjust);
  }
  ~basic_fixture() {
    stop();
    store.close();
    this->consume_messages();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  holdfast::engine& engine() { return *engine_; } // until stop()

  // Another engine on the same state folder, as after a restart of the process.
  void restart(const adjustment& adjust = {}) {
    stop();
    start(adjust);
  }
  // Ends the engine as a host does; its ledger and lists stay for restart().
  void stop() {
    engine_.reset();
    this->consume_messages();
  }

  // All clocks go on by `by`; whatever becomes due is done.
  void advance(std::chrono::nanoseconds by) {
    constexpr std::chrono::nanoseconds step = std::chrono::seconds{1};
    run();
    for (; by > std::chrono::nanoseconds{0}; by -= step) {
      clock->advance(std::min(by, step));
      this->advance_time(std::chrono::duration_cast<caf::timespan>(std::min(by, step)));
      run();
    }
  }
  // Handles all messages, without the clock going on. (CAF's own run() also triggers timeouts, of which an engine always has one.)
  std::size_t run() { return this->consume_messages(); }

  // What an actor answers, the clock standing still; none: no answer, or an error, which is in `failure` then.
  template <class Answer, class Actor, class Question>
  std::optional<Answer> ask(const Actor& whom, Question question) {
    std::optional<Answer> answer;
    failure = {};
    auto handle = this->self->request(whom, caf::infinite, std::move(question));
    run();
    if (this->self->mailbox().empty())
      return answer;
    handle.receive([&](Answer& given) { answer = std::move(given); }, [&](caf::error& why) { failure = std::move(why); });
    return answer;
  }

  // A counter as it is in the ledger and the store together.
  std::int64_t counted(std::string_view key) { return engine_->read(key).value; }
  // As the store alone has it; 0: not there, or no integer.
  std::int64_t stored(std::string_view key) {
    const auto found = engine_->read_json(key);
    return found ? std::atoll(found->c_str()) : 0;
  }

  // The engine's and the exchange's; to be moved by the fixture's advance(), which moves CAF's timers with it.
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
  scripted_store store; // outlives engines: restart() finds what is in it
  scripted_exchange exchange{clock}; // both markets; what it lists and answers outlives engines
  caf::error failure; // of the last ask()

private:
  void start(const adjustment& adjust) {
    engine_means means;
    means.settings = this->cfg;
    means.settings.store = "redis";
    means.settings.redis_url = "redis://scripted";
    means.settings.state_dir = folder_;
    means.settings.spot_urls = {scripted_exchange::url(market::spot)};
    means.settings.futures_urls = {scripted_exchange::url(market::futures)};
    means.settings.spot_warmup_interval = means.settings.futures_warmup_interval = std::chrono::nanoseconds{0};
    means.settings.history_fine = means.settings.history_minutes = means.settings.history_hours = std::chrono::nanoseconds{0};
    if (adjust)
      adjust(means.settings);
    means.clock = clock;
    means.shared_store = store.starter();
    means.transfers = exchange.transfers();
    means.seed = 1;
    means.own_threads = false;
    means.drive = [this] { run(); };
    engine_ = std::make_unique<holdfast::engine>(this->sys, std::move(means));
    run();
  }

  static std::string new_folder() {
    auto name = (std::filesystem::temp_directory_path() / "holdfast-test-XXXXXX").string();
    return ::mkdtemp(name.data()) ? name : std::string{};
  }

  std::string folder_ = new_folder();
  std::unique_ptr<holdfast::engine> engine_;
};

using fixture = basic_fixture<>; // for hosts without a configuration of their own

} // namespace holdfast::testing
