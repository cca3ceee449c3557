// A redis_store in an actor system of its own, with its real threads, and a listener that notes what it is told.
//
// Threads  one at a time, besides `heard`.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/redis_store.hpp"
#include "config/engine_config.hpp"
#include "runtime/counter_protocol.hpp"
#include "tests/support/runtime_wait.hpp"

namespace holdfast::test {

using namespace std::chrono_literals;

struct told_news {
  std::mutex mutex;
  std::vector<store_event> events;
  std::vector<symbols_announced> announced;

  std::ptrdiff_t count(store_change change) {
    const std::lock_guard guard{mutex};
    return std::count_if(events.begin(), events.end(), [&](const auto& one) { return one.change == change; });
  }
  std::size_t announcements() {
    const std::lock_guard guard{mutex};
    return announced.size();
  }
};

inline store_listener::behavior_type note_news(store_listener::pointer, std::shared_ptr<told_news> into) {
  return {[into](const store_event& event) {
            const std::lock_guard guard{into->mutex};
            into->events.push_back(event);
          },
          [into](const symbols_announced& news) {
            const std::lock_guard guard{into->mutex};
            into->announced.push_back(news);
          }};
}

// `url` with a quick check of the idle link, and patience for a machine that is busy with other things.
inline redis_store_settings store_settings(const std::string& url) {
  redis_store_settings settings{*redis_url::parse(url), 2s, 2s};
  settings.check_interval = 100ms;
  return settings;
}

class redis_store_host {
public:
  explicit redis_store_host(const std::string& url) : redis_store_host{store_settings(url)} {}
  explicit redis_store_host(redis_store_settings settings)
    : system{config}, self{system}, news{std::make_shared<told_news>()}, listener{system.spawn(note_news, news)},
      store{system.spawn<caf::detached>(redis_store, std::move(settings), system_clocks())} {
    caf::anon_send(store, store_listen{listener});
  }
  ~redis_store_host() {
    self->send_exit(store, caf::exit_reason::user_shutdown);
    self->wait_for(store);
  }
  redis_store_host(const redis_store_host&) = delete;
  redis_store_host& operator=(const redis_store_host&) = delete;

  boot_time soon(std::chrono::milliseconds span = 5s) const { return boot_clock::now() + span; }

  // None: an error, then in `error`.
  template <class Answer, class Question>
  std::optional<Answer> ask(Question question) {
    std::optional<Answer> answer;
    error = fault::none;
    self->request(store, caf::infinite, std::move(question))
      .receive([&](Answer& given) { answer = std::move(given); }, [&](const caf::error& why) { error = fault_of(why); });
    return answer;
  }

  std::optional<store_value> read(std::string key) { return ask<store_value>(store_read{std::move(key), soon()}); }
  std::string text(std::string key) {
    const auto found = read(std::move(key));
    return found ? found->value.value_or("(none)") : to_string(error);
  }
  bool write(std::string key, std::string value) {
    return ask<done>(store_write{std::move(key), std::move(value), {}, soon()}).has_value();
  }
  // One more for a writer that has `count` in the store already.
  std::optional<store_merge_reply> merge(const std::string& key, std::uint64_t count = 0) {
    return ask<store_merge_reply>(store_merge{{row_of(key, count)}, soon()});
  }
  static merge_row row_of(const std::string& key, std::uint64_t count = 0) {
    const std::string generation(32, '2');
    const auto state = [](std::uint64_t n) { return n == 0 ? std::string{} : to_text(writer_state{{n, 0}, {}}); };
    return {key, std::string(32, 'a'), {count == 0 ? std::string{} : generation, state(count), false}, state(count + 1),
            generation, 1};
  }
  store_status status() { return ask<store_status>(get_store_status{}).value_or(store_status{}); }
  bool comes_up() {
    return wait_until([&] { return status().up; });
  }

  engine_config config;
  caf::actor_system system;
  caf::scoped_actor self;
  std::shared_ptr<told_news> news;
  store_listener listener;
  store_actor store;
  fault error = fault::none;
};

} // namespace holdfast::test
