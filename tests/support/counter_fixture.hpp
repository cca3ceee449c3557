// A counter actor with a ledger of its own and a store in memory that does as it is told. A kept question is answered by
// its actor, on `wake`: a promise works nowhere else. Include instead of the DSL.
#pragma once

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

#include "actors/counter.hpp"
#include "runtime/ledger_id.hpp"
#include "runtime/sqlite_kv.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "tests/support/actor_fixture.hpp"

namespace holdfast::test {

struct counter_store_script {
  std::unique_ptr<sqlite_kv> database = std::move(*sqlite_kv::open(":memory:"));
  std::string epoch = to_text(random_ledger_id());
  fault refuses = fault::none;  // every question, unheard
  bool loses_replies = false;   // merges are carried out, and answered as away
  bool silent = false;          // keeps merges and reads until `wake`
  std::vector<std::vector<merge_row>> batches;
  std::vector<std::pair<caf::typed_response_promise<store_merge_reply>, store_merge>> merges;
  std::vector<std::pair<caf::typed_response_promise<store_counters_found>, store_read_counters>> reads;

  store_merge_reply merge(const store_merge& batch) {
    store_merge_reply reply;
    for (const auto& row : batch.rows)
      reply.verdicts.push_back(*database->merge(row, 1));
    reply.epoch = epoch;
    return reply;
  }
  store_counters_found look(const store_read_counters& asked) {
    store_counters_found found;
    for (const auto& one : asked.reads)
      found.found.push_back(database->read_counter(one, 1));
    return found;
  }
  // FLUSHALL.
  void empty() {
    database = std::move(*sqlite_kv::open(":memory:"));
    epoch = to_text(random_ledger_id());
  }
};

inline store_actor::behavior_type counter_store(store_actor::pointer self, std::shared_ptr<counter_store_script> script) {
  const auto confirm = [](const auto&) { return done{}; };
  return {
    [](const store_read&) { return store_value{}; },
    [confirm](const store_write& what) { return confirm(what); },
    [confirm](const store_erase& what) { return confirm(what); },
    [confirm](const store_symbols& what) { return confirm(what); },
    [=](const store_merge& batch) -> caf::result<store_merge_reply> {
      script->batches.push_back(batch.rows);
      if (script->refuses != fault::none)
        return make_error(script->refuses);
      if (script->silent) {
        auto promise = self->make_response_promise<store_merge_reply>();
        script->merges.emplace_back(promise, batch);
        return promise;
      }
      auto reply = script->merge(batch);
      if (script->loses_replies)
        return make_error(fault::store_away);
      return reply;
    },
    [=](const store_read_counters& asked) -> caf::result<store_counters_found> {
      if (script->refuses != fault::none)
        return make_error(script->refuses);
      if (!script->silent)
        return script->look(asked);
      auto promise = self->make_response_promise<store_counters_found>();
      script->reads.emplace_back(promise, asked);
      return promise;
    },
    [=](const store_list_counters& wanted) -> caf::result<store_keys> {
      if (script->refuses != fault::none)
        return make_error(script->refuses);
      return store_keys{script->database->counters(wanted.glob)};
    },
    [confirm](const store_raise& what) { return confirm(what); },
    [](const lease_wanted&) { return lease_reply{}; },
    [confirm](const lease_returned& what) { return confirm(what); },
    [](const store_rate_limits&) { return store_rate_limits_reply{}; },
    [confirm](const store_announce& what) { return confirm(what); },
    [](const store_listen&) {},
    [](const get_store_status&) { return store_status{}; },
    [confirm](const store_add_distinct& what) { return confirm(what); },
    [](const store_count_distinct&) { return store_distinct_found{}; },
    [=](const wake&) {
      script->silent = false;
      for (auto& [promise, batch] : std::exchange(script->merges, {}))
        promise.deliver(script->merge(batch));
      for (auto& [promise, asked] : std::exchange(script->reads, {}))
        promise.deliver(script->look(asked));
    },
  };
}

struct counter_fixture : actor_fixture {
  temporary_folder folder;
  std::shared_ptr<counter_store_script> script = std::make_shared<counter_store_script>();
  std::shared_ptr<counter_ledger> ledger = counter_ledger::open(folder.path(), 1024, 2);
  store_actor store = sys.spawn(counter_store, script);
  counter_actor counters = spawn_counter(ledger);

  ~counter_fixture() { stop(counters); }

  counter_actor spawn_counter(std::shared_ptr<counter_ledger> of) {
    return sys.spawn(counter_drain, counter_settings{std::chrono::milliseconds{100}, folder.path(), {}}, clock, of, store);
  }
  // An actor that re-arms its timer would keep the fixture's last run going for ever.
  void stop(counter_actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    consume_messages();
    actor = nullptr;
  }
  // A process that counted in this folder and died.
  void leave_behind(const std::string& key, std::int64_t amount) {
    counter_ledger::open(folder.path(), 64, 2)->add(key, amount);
  }
  std::size_t files() { return list_files(folder.path()); }
  static std::size_t list_files(const std::string& path) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{path})
      count += entry.path().extension() == ".ledger" ? 1 : 0;
    return count;
  }
  void tick(int times = 1) {
    for (int i = 0; i < times; ++i)
      advance(std::chrono::milliseconds{100});
  }
  std::optional<std::int64_t> stored(const std::string& key) { return script->database->read_counter({key, {}}, 1).value; }
  void set_stored(const std::string& key, const std::string& text) { script->database->set(key, text, {}); }
  boot_time soon(std::chrono::nanoseconds in = std::chrono::seconds{1}) { return clock->boot_now() + in; }
  counter_reading read(const std::string& key) { return *ask<counter_reading>(counters, read_counter{key, soon()}); }
  counter_status status() { return *ask<counter_status>(counters, get_counter_status{}); }

  // Answers of questions that are not answered at once: asked now, taken once messages were handled.
  template <class Answer, class Question>
  auto begin(Question question) {
    auto handle = self->request(counters, caf::infinite, std::move(question));
    consume_messages();
    return handle;
  }
  template <class Answer, class Handle>
  std::optional<Answer> end(Handle& handle) {
    std::optional<Answer> answer;
    consume_messages();
    handle.receive([&](Answer& given) { answer = std::move(given); }, [](caf::error&) {});
    return answer;
  }
};

} // namespace holdfast::test
