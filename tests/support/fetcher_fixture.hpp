// A fetcher among scripted peers, in virtual time: a transfer that answers from a list (or does what a test's function
// says), a store in memory, counted names. Include instead of the DSL.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/fetcher.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast::test {

using transfer_result = expected<http_answer, transfer_failure>;

struct scripted_transfer final : http_transfer {
  std::function<transfer_result(const http_request&)> answer;
  std::vector<http_request> requests;

  transfer_result get(const http_request& request) override {
    requests.push_back(request);
    return answer(request);
  }
  void cancel() noexcept override {}
};

inline transfer_result failing(transfer_failure_kind kind) { return unexpected{transfer_failure{kind, "scripted failure"}}; }

// A body with so many symbols in TRADING; `more` goes into the first of them.
inline std::string body_of(int symbols, const std::string& more = "", std::int64_t server_time = 1'790'000'000'000) {
  std::string body = "{\"serverTime\":" + std::to_string(server_time)
                     + ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,"
                       "\"limit\":6000}],\"symbols\":[";
  for (int i = 0; i < symbols; ++i)
    body += std::string{i > 0 ? "," : ""} + "{\"symbol\":\"S" + std::to_string(i)
            + "USDT\",\"status\":\"TRADING\",\"baseAsset\":\"S\",\"quoteAsset\":\"USDT\"" + (i == 0 ? more : "") + '}';
  return body + "]}";
}

inline http_answer answered(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {status, std::move(body), std::move(headers)};
}

struct memory_store {
  std::map<std::string, store_value> values;
  std::vector<store_write> writes;
  unsigned reads = 0;
  bool away = false;
};

inline store_actor::behavior_type store_in_memory(store_actor::pointer, std::shared_ptr<memory_store> content) {
  const auto confirm = [](const auto&) { return done{}; };
  return {
    [=](const store_read& question) -> caf::result<store_value> {
      if (content->away)
        return make_error(fault::store_away);
      ++content->reads;
      return content->values[question.key];
    },
    [=](const store_write& what) -> caf::result<done> {
      if (content->away)
        return make_error(fault::store_away);
      content->writes.push_back(what);
      content->values[what.key] = {what.value, what.ttl};
      return done{};
    },
    [confirm](const store_erase& what) { return confirm(what); },
    [confirm](const store_symbols& what) { return confirm(what); },
    [](const store_merge&) { return store_merge_reply{}; },
    [](const store_read_counters&) { return store_counters_found{}; },
    [](const store_list_counters&) { return store_keys{}; },
    [confirm](const store_raise& what) { return confirm(what); },
    [](const lease_wanted&) { return lease_reply{}; },
    [confirm](const lease_returned& what) { return confirm(what); },
    [](const store_rate_limits&) { return store_rate_limits_reply{}; },
    [confirm](const store_announce& what) { return confirm(what); },
    [](const store_listen&) {},
    [](const get_store_status&) { return store_status{}; },
    [confirm](const store_add_distinct& what) { return confirm(what); },
    [](const store_count_distinct&) { return store_distinct_found{}; },
    [](const wake&) {},
  };
}

struct fetcher_fixture : actor_fixture {
  temporary_folder folder;
  fetcher_settings settings;
  std::shared_ptr<scripted_transfer> transfer = std::make_shared<scripted_transfer>();
  std::shared_ptr<memory_store> content = std::make_shared<memory_store>();
  std::map<std::string, int> counted;
  std::shared_ptr<embargo> budget = std::make_shared<embargo>(market::spot, folder.file("embargo_spot"), clock_ptr{clock});
  std::shared_ptr<exchange_memory> memory;
  store_actor store;
  fetcher_actor under_test;

  fetcher_fixture() {
    settings.urls = {"https://one.test", "https://two.test", "https://three.test"};
    settings.count = [this](std::string_view type, std::string_view value) {
      ++counted[std::string{type}.append(":").append(value)];
    };
    always(answered(200, body_of(20)));
  }
  ~fetcher_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(under_test), caf::actor_cast<caf::actor>(store)})
      if (one)
        caf::anon_send_exit(one, caf::exit_reason::kill);
    consume_messages();
  }

  void always(http_answer answer) {
    transfer->answer = [answer](const http_request&) { return transfer_result{answer}; };
  }
  // The n-th request of the test gets the n-th answer, all later ones the last.
  void in_turn(std::vector<transfer_result> answers) {
    auto left = std::make_shared<std::deque<transfer_result>>(answers.begin(), answers.end());
    transfer->answer = [left](const http_request&) {
      auto next = left->front();
      if (left->size() > 1)
        left->pop_front();
      return next;
    };
  }
  void start(bool with_store = false) {
    memory = std::make_shared<exchange_memory>(folder.file("refused.json"), clock_ptr{clock}, !settings.api_key.empty(),
                                               folder.file("accepted.json"));
    if (with_store) {
      store = sys.spawn(store_in_memory, content);
      settings.embargo_key = "holdfast:embargo:test";
    }
    respawn();
  }
  // As the supervisor does after a crash: what outlives a fetcher stays.
  void respawn() { under_test = sys.spawn(fetcher, settings, fetcher_means{clock, transfer, budget, memory, store}); }

  fetch_outcome fetch(symbol_table_ptr baseline = nullptr) {
    auto outcome = ask<fetch_outcome>(under_test, fetch_symbols{std::move(baseline), clock->boot_now() + std::chrono::seconds{10}});
    return outcome ? *outcome : fetch_outcome{};
  }
  std::vector<std::string> urls_asked() const {
    std::vector<std::string> urls;
    for (const auto& request : transfer->requests)
      urls.push_back(request.url);
    return urls;
  }
  std::size_t asked() const { return transfer->requests.size(); }
};

} // namespace holdfast::test
