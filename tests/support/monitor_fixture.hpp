// A monitor, and the actors that it watches as a script tells them to answer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_store.hpp"
#include "actors/monitor.hpp"
#include "config/keys.hpp"
#include "tests/support/actor_fixture.hpp"

namespace holdfast::test {

// What the watched actors tell.
struct script {
  supervisor_status supervisor;
  bool supervisor_answers = true;
  cache_status cache;
  counter_readings readings{{}, true, fault::none};
  bool counters_answer = true;
  std::size_t looks = 0;          // for counters of others, in a store that is silent or large
  std::size_t complete_after = 1; // so many looks
  std::vector<std::string> asked; // globs
  std::vector<counter_values> samples; // what the history was given
};
using script_ptr = std::shared_ptr<script>;

inline cache_actor::behavior_type scripted_cache(cache_actor::pointer, script_ptr plan) {
  return {[](const get_symbols&) { return symbols_reply{}; }, [](const refresh_symbols&) { return refresh_outcome{}; },
          [](const rejection_reported&) {}, [](const symbols_listen&) {}, [](const store_event&) {}, [](const symbols_announced&) {}, [plan](const get_cache_status&) { return plan->cache; },
          [](const accept_symbols&) { return refresh_outcome{}; }, [](const wake&) {}};
}

inline supervisor_actor::behavior_type scripted_supervisor(supervisor_actor::pointer self, script_ptr plan) {
  return {[](const fetch_wanted&) { return fetch_result{}; }, [](const fallback_wanted&) { return fetch_result{}; },
          [=](const get_supervisor_status&) -> caf::result<supervisor_status> {
            if (plan->supervisor_answers)
              return plan->supervisor;
            return self->make_response_promise<supervisor_status>();
          },
          [](const wake&) {}};
}

inline last_good_actor::behavior_type scripted_last_good(last_good_actor::pointer) {
  return {[](const last_good_wanted&) { return symbols_answer{}; }, [](const table_accepted&) {}, [](const store_event&) {},
          [](const symbols_announced&) {}, [](const get_last_good_status&) { return last_good_status{}; },
          [](const wake&) {}};
}

inline warmup_actor::behavior_type scripted_warmup(warmup_actor::pointer) {
  return {[](const get_warmup_status&) { return warmup_status{}; }, [](const wake&) {}};
}

inline counter_actor::behavior_type scripted_counters(counter_actor::pointer self, script_ptr plan) {
  return {[](const incr_counter&) {}, [](const incr_counter_confirmed&) { return incr_confirmation{}; },
          [](const read_counter&) { return counter_reading{}; }, [=](const read_counters& wanted) -> caf::result<counter_readings> {
            plan->asked.push_back(wanted.glob);
            if (plan->counters_answer)
              return plan->readings;
            return self->make_response_promise<counter_readings>();
          },
          [](const flush_counters&) { return flush_reply{}; }, [](const retire_counters&) { return flush_reply{}; },
          [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_counter_status&) { return counter_status{}; }, [](const wake&) {}};
}

inline history_actor::behavior_type scripted_history(history_actor::pointer, script_ptr plan) {
  return {[=](const history_sample& sample) { plan->samples.push_back(*sample.values); },
          [](const history_wanted&) { return history_answer{}; }, [](const history_days_wanted&) { return history_days{}; }, [](const get_history_status&) { return history_status{}; },
          [](const wake&) {}};
}

inline feature_keeper_actor::behavior_type scripted_features(feature_keeper_actor::pointer) {
  return {[](const features_wanted&) { return features_found{}; }, [](const get_feature_status&) { return feature_status{}; },
          [](const keep_now&) { return done{}; }, [](const store_event&) {}, [](const symbols_announced&) {}, [](const wake&) {}};
}

inline rate_limiter_actor::behavior_type scripted_rate_limits(rate_limiter_actor::pointer) {
  return {[](const acquire_permits&) { return rate_decision{}; }, [](const permits_awaited&) {}, [](const lease_low&) {},
          [](const get_rate_limiter_status&) { return rate_limiter_status{}; }, [](const wake&) {}};
}

// It tells its state and answers nothing else.
inline caf::behavior silent_store(caf::event_based_actor* self, script_ptr plan) {
  return {[](const get_store_status&) { return store_status{}; },
          [=](const store_list_counters&) {
            ++plan->looks;
            return self->make_response_promise<store_keys>();
          },
          [=](const store_read_counters&) { return self->make_response_promise<store_counters_found>(); }};
}

// It has been gone through after some looks, and keeps nine counters to itself.
inline caf::behavior large_store(caf::event_based_actor*, script_ptr plan) {
  return {[](const get_store_status&) { return store_status{}; },
          [=](const store_list_counters&) { return store_keys{{}, ++plan->looks >= plan->complete_after, 9}; },
          [](const store_read_counters& question) {
            return store_counters_found{std::vector<counter_found>(question.reads.size())};
          }};
}

struct monitor_fixture : actor_fixture {
  script_ptr plan = std::make_shared<script>();
  snapshot_holder_ptr snapshots = std::make_shared<snapshot_holder>();
  monitored parts;
  monitor_actor under_test;

  void start(const monitor_settings& settings = {}) {
    parts.cache = sys.spawn(scripted_cache, plan);
    parts.supervisor = sys.spawn(scripted_supervisor, plan);
    parts.last_good = sys.spawn(scripted_last_good);
    parts.warmup = sys.spawn(scripted_warmup);
    parts.counters = sys.spawn(scripted_counters, plan);
    if (!parts.store)
      parts.store = sys.spawn(embedded_store, embedded_store_settings{}, clock_ptr{clock});
    parts.history = sys.spawn(scripted_history, plan);
    parts.rate_limits = sys.spawn(scripted_rate_limits);
    parts.features = sys.spawn(scripted_features);
    parts.board = std::make_shared<symbol_board>();
    parts.ledger = counter_ledger::anonymous(64);
    parts.watched = std::make_shared<telemetry>();
    under_test = sys.spawn(monitor, settings, clock_ptr{clock}, parts, snapshots);
    consume_messages();
  }
  ~monitor_fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    for (const auto& one : {caf::actor_cast<caf::actor>(parts.store), caf::actor_cast<caf::actor>(parts.supervisor)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    consume_messages();
  }
  void count(const std::string& key, std::int64_t value, counter_source source = counter_source::embedded) {
    counter_reading one;
    one.key = key;
    one.value = value;
    one.exists = true;
    one.source = source;
    plan->readings.readings = {one};
  }
  void publish(std::chrono::nanoseconds fresh_for) {
    parts.board->publish(market::spot, {table_of(3), symbols_source::public_api, clock->wall_now(), clock->boot_now(),
                                        clock->boot_now() + fresh_for, {}, 1});
  }
  std::vector<event_kind> kinds() const {
    std::vector<event_kind> found;
    for (const auto& one : parts.watched->events.newest())
      found.push_back(one.kind);
    return found;
  }
};

} // namespace holdfast::test
