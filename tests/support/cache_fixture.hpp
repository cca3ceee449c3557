// A cache among scripted peers: a store in memory, a supervisor whose fetches end when the test says so, a last_good
// that writes down what it hears. A kept question is answered by its actor, on `wake`: a promise works nowhere else.
// Include instead of the DSL.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/cache.hpp"
#include "config/keys.hpp"
#include "runtime/symbol_codec.hpp"
#include "tests/support/actor_fixture.hpp"

namespace holdfast::test {

// What the store holds and what was asked of it.
struct store_script {
  static constexpr int leases_most = 1000; // whoever wants more asks in a loop

  // Holders of each lease: at most one. A lease ends when the test says so.
  std::map<std::string, std::set<std::string>> leases;
  std::uint64_t last_token = 1'700'000'000'000'000;
  std::function<std::uint64_t()> time; // tokens are no smaller
  std::map<std::string, std::uint64_t> tokens; // of the holders
  int leases_wanted = 0;
  bool is_stuck = false; // every grant has `last_token`, whatever was to be exceeded

  caf::result<lease_reply> lease(const lease_wanted& wanted) {
    ++leases_wanted;
    if (away || leases_wanted > leases_most)
      return make_error(fault::store_away);
    if (is_stuck)
      return lease_reply{true, last_token, wanted.ttl};
    auto& holders = leases[wanted.name];
    if (!holders.empty() && holders.count(wanted.holder) == 0)
      return lease_reply{false, last_token, std::chrono::milliseconds{2000}};
    if (holders.insert(wanted.holder).second || tokens[wanted.holder] <= wanted.above)
      tokens[wanted.holder] = last_token = std::max({last_token + 1, wanted.above + 1, time ? time() : 0});
    return lease_reply{true, tokens[wanted.holder], wanted.ttl};
  }

  std::map<std::string, store_value> values;
  bool away = false;
  bool silent = false; // keeps questions for values until `wake`
  fault refuses = fault::none; // how writes are answered
  std::vector<store_symbols> written;
  std::vector<std::string> reads;
  std::vector<std::pair<caf::typed_response_promise<store_value>, std::string>> kept;
};

inline store_actor::behavior_type scripted_store(store_actor::pointer self, std::shared_ptr<store_script> script) {
  const auto confirm = [](const auto&) { return done{}; };
  return {
    [=](const store_read& question) -> caf::result<store_value> {
      script->reads.push_back(question.key);
      if (script->away)
        return make_error(fault::store_away);
      if (!script->silent || question.key.ends_with(":fence"))
        return script->values[question.key];
      auto promise = self->make_response_promise<store_value>();
      script->kept.emplace_back(promise, question.key);
      return promise;
    },
    [=](const store_write& what) -> caf::result<done> {
      if (script->refuses != fault::none)
        return make_error(script->refuses);
      script->values[what.key] = {what.value, what.ttl};
      return done{};
    },
    [confirm](const store_erase& what) { return confirm(what); },
    [=](const store_symbols& symbols) -> caf::result<done> {
      if (script->refuses != fault::none)
        return make_error(script->refuses);
      script->written.push_back(symbols);
      return done{};
    },
    [](const store_merge&) { return store_merge_reply{}; },
    [](const store_read_counters&) { return store_counters_found{}; },
    [](const store_list_counters&) { return store_keys{}; },
    [confirm](const store_raise& what) { return confirm(what); },
    [=](const lease_wanted& wanted) -> caf::result<lease_reply> { return script->lease(wanted); },
    [=](const lease_returned& back) {
      script->leases[back.name].erase(back.holder);
      return done{};
    },
    [](const store_rate_limits&) { return store_rate_limits_reply{}; },
    [confirm](const store_announce& what) { return confirm(what); },
    [](const store_listen&) {},
    [](const get_store_status&) { return store_status{}; },
    [confirm](const store_add_distinct& what) { return confirm(what); },
    [](const store_count_distinct&) { return store_distinct_found{}; },
    [=](const wake&) {
      script->silent = false;
      for (auto& [promise, key] : std::exchange(script->kept, {}))
        promise.deliver(script->values[key]);
    },
  };
}

// Fetches stay open until `wake`, which ends them with `ending`.
struct supervisor_script {
  fetch_result ending;
  std::vector<caf::typed_response_promise<fetch_result>> open;
  symbol_table_ptr baseline; // of the last fetch
  int fetches = 0;
  int fallbacks = 0;
  symbols_answer last_good;
};

inline supervisor_actor::behavior_type scripted_supervisor(supervisor_actor::pointer self,
                                                           std::shared_ptr<supervisor_script> script) {
  return {
    [=](const fetch_wanted& wanted) {
      ++script->fetches;
      script->baseline = wanted.baseline;
      script->open.push_back(self->make_response_promise<fetch_result>());
      return script->open.back();
    },
    [=](const fallback_wanted& wanted) {
      ++script->fallbacks;
      return fetch_result{wanted.which, script->last_good, fault::deadline, {}, {}};
    },
    [](const get_supervisor_status&) { return supervisor_status{}; },
    [=](const wake&) {
      for (auto& promise : std::exchange(script->open, {}))
        promise.deliver(script->ending);
    },
  };
}

using accepted_tables = std::vector<table_accepted>;

inline last_good_actor::behavior_type recording_last_good(last_good_actor::pointer,
                                                          std::shared_ptr<accepted_tables> accepted) {
  return {
    [](const last_good_wanted&) -> caf::result<symbols_answer> { return make_error(fault::no_data); },
    [=](const table_accepted& one) { accepted->push_back(one); },
    [](const store_event&) {},
    [](const symbols_announced&) {},
    [](const get_last_good_status&) { return last_good_status{}; },
    [](const wake&) {},
  };
}

// What an actor has answered so far, if it has.
template <class Answer>
struct pending_answer {
  std::optional<Answer> value;
  std::optional<fault> error;
  bool arrived() const { return value || error; }
};
template <class Answer>
using pending = std::shared_ptr<pending_answer<Answer>>;

struct cache_fixture : actor_fixture {
  static constexpr auto ttl = std::chrono::seconds{300};

  std::shared_ptr<store_script> store = std::make_shared<store_script>();
  std::shared_ptr<supervisor_script> supervisor = std::make_shared<supervisor_script>();
  std::shared_ptr<accepted_tables> accepted = std::make_shared<accepted_tables>();
  symbol_board_ptr board = std::make_shared<symbol_board>();
  stripe_cell hit_cell;
  stripe_cell miss_cell;
  std::atomic<std::uint64_t>& hits = hit_cell.added;
  std::atomic<std::uint64_t>& misses = miss_cell.added;
  store_actor store_handle = sys.spawn(scripted_store, store);
  supervisor_actor supervisor_handle = sys.spawn(scripted_supervisor, supervisor);
  last_good_actor last_good_handle = sys.spawn(recording_last_good, accepted);
  cache_actor under_test;

  cache_fixture() {
    store->time = [on = clock, begin = clock->boot_now()] {
      return 1'700'000'000'000'000 + static_cast<std::uint64_t>((on->boot_now() - begin) / std::chrono::microseconds{1});
    };
    start({});
  }

  void start(cache_settings settings) {
    settings.fingerprint = "ours";
    auto& spot = settings.markets[index(market::spot)];
    spot = {ttl, {}, holdfast::counter{no_ticket, 0, &hit_cell}, holdfast::counter{no_ticket, 0, &miss_cell}, spot.gate};
    under_test = sys.spawn(cache, settings, clock_ptr{clock}, board, store_handle, supervisor_handle, last_good_handle);
    consume_messages();
  }

  ~cache_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(under_test), caf::actor_cast<caf::actor>(supervisor_handle),
                            caf::actor_cast<caf::actor>(store_handle), caf::actor_cast<caf::actor>(last_good_handle)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    consume_messages();
    store->kept.clear();
    supervisor->open.clear();
  }

  // Asks without waiting: the answer is there once the messages are consumed and it came.
  template <class Answer, class Question>
  pending<Answer> post(Question question) {
    auto got = std::make_shared<pending_answer<Answer>>();
    sys.spawn([to = under_test, question, got](caf::event_based_actor* asker) {
      asker->request(to, caf::infinite, question)
        .then([got](const Answer& answer) { got->value = answer; },
              [got](const caf::error& why) { got->error = fault_of(why); });
    });
    return got;
  }
  pending<symbols_reply> read(std::optional<boot_time> deadline = {}) {
    auto got = post<symbols_reply>(get_symbols{market::spot, deadline});
    consume_messages();
    return got;
  }
  pending<refresh_outcome> refresh() {
    auto got = post<refresh_outcome>(refresh_symbols{market::spot, refresh_reason::warmup});
    consume_messages();
    return got;
  }

  void end_fetches(const fetch_result& result) {
    supervisor->ending = result;
    caf::anon_send(supervisor_handle, wake{});
    consume_messages();
  }
  void release_store() {
    caf::anon_send(store_handle, wake{});
    consume_messages();
  }
  fetch_result good(int symbols) {
    return {market::spot,
            {table_of(symbols), symbols_source::public_api, clock->wall_now(), clock->boot_now(), {}}, fault::none, {}, {}};
  }
  fetch_result failed() { return {market::spot, supervisor->last_good, fault::fetch_failed, "scripted", {}}; }

  // As another process would have left it `age` ago, whose first table is older than any here unless told.
  std::string full_value(int symbols, std::chrono::nanoseconds age, table_order order, std::string fingerprint = "ours",
                         std::optional<wall_time> judged_since = wall_time{std::chrono::seconds{1}}) {
    return encode_symbols({table_of(symbols), symbols_source::public_api,
                           clock->wall_now() - std::chrono::floor<std::chrono::microseconds>(age), order, fingerprint, judged_since});
  }
  // With what else a process leaves: the fence, and the plain array with the time that is left to it.
  void put_full(std::string text) {
    const auto decoded = decode_symbols(text, {});
    if (decoded) {
      store->values[keys::fence(keys::symbols_full(market::spot))] = {to_text(decoded->order), std::nullopt};
      const auto left = ttl - (clock->wall_now() - *decoded->fetched_at);
      if (left > std::chrono::nanoseconds{0} && left <= ttl)
        put_plain(decoded->table->list_json(), std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    store->values[std::string{keys::symbols_full(market::spot)}] = {std::move(text), std::nullopt};
  }
  void put_plain(std::string text, std::optional<std::chrono::milliseconds> left) {
    store->values[std::string{keys::symbols_cache(market::spot)}] = {std::move(text), left};
  }
  // A table from the state folder, as the engine hangs it up at start.
  void publish_last_good(int symbols) {
    supervisor->last_good = {table_of(symbols), symbols_source::last_good, clock->wall_now(), clock->boot_now(), {}};
    board->publish(market::spot, {supervisor->last_good.table, symbols_source::last_good, clock->wall_now(),
                                  clock->boot_now(), clock->boot_now() + ttl, {}, 1});
  }
  published_ptr hanging() { return board->current(market::spot); }
  market_cache_status status() {
    return ask<cache_status>(under_test, get_cache_status{}).value_or(cache_status{}).markets[index(market::spot)];
  }

  template <class Change>
  void restart_with(Change change) {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    cache_settings settings;
    change(settings);
    start(settings);
  }
  void announce(table_order order) {
    caf::anon_send(under_test, symbols_announced{market::spot, order});
    consume_messages();
  }
  void tell(store_change change) {
    caf::anon_send(under_test, store_event{change, {}});
    consume_messages();
  }
  std::ptrdiff_t count_reads(std::string_view key) const { return std::count(store->reads.begin(), store->reads.end(), key); }
};

} // namespace holdfast::test
