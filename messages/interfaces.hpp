// Who may say what to whom: the wiring diagram of the house, checked by the compiler. Actors meet only here.
//
//   callers --get_symbols--> cache --fetch_wanted--> supervisor --fetch_symbols--> fetcher (one per market)
//                              |                         '--last_good_wanted--> last_good
//                              |--store_read, store_symbols--> store (redis or embedded)
//                              '--table_accepted--> last_good --store_write--> local store
//                                                   last_good --store_read, store_symbols--> store
//   cache --lease_wanted--> store    warmup --refresh_symbols--> cache --symbols_changed--> subscribers
//   callers --read_counter, ...--> counter --store_merge, store_read_counters--> store
//   fetcher --store_read, store_write--> store (the embargo)
//   callers --acquire_permits--> rate limiter --store_rate_limits--> store
//   store --store_event, symbols_announced--> its listeners
//   task_keeper --store_raise, store_read_counters--> store
//   feature_keeper --store_add_distinct, store_count_distinct--> store <--features_wanted-- callers
//   feature_keeper --read_counters--> counter     feature_keeper --history_days_wanted--> history
//   monitor --get_..._status, read_counters--> everybody     monitor --history_sample--> history <--history_wanted-- callers
#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <holdfast/messages/counters.hpp>
#include <holdfast/messages/done.hpp>
#include <holdfast/messages/history.hpp>
#include <holdfast/messages/rate_limits.hpp>
#include <holdfast/messages/status.hpp>
#include <holdfast/messages/store.hpp>
#include <holdfast/messages/symbols.hpp>
#include <holdfast/messages/type_ids.hpp>
#include <holdfast/messages/usage.hpp>
#include <holdfast/messages/wake.hpp>

namespace holdfast {

// The only place that spells CAF 0.17's way of writing signatures.
template <class Question, class Answer>
using answers = typename caf::replies_to<Question>::template with<Answer>;
// The same, where there is nothing to answer but that it is done.
template <class Question>
using confirms = typename caf::replies_to<Question>::template with<done>;
// Is told, and answers nothing.
template <class News>
using hears = caf::reacts_to<News>;

// Whoever wants to know what happens to a store.
using store_listener = caf::typed_actor<hears<store_event>, hears<symbols_announced>>;

// listener -> store: from now on tell me; an embedded store, and a link that is up, are told at once.
struct store_listen {
  store_listener listener; // kept until the store ends
};

// A store, Redis or the embedded one; see store.hpp.
using store_actor = caf::typed_actor<
  answers<store_read, store_value>, confirms<store_write>, confirms<store_erase>, confirms<store_symbols>,
  answers<store_merge, store_merge_reply>, answers<store_read_counters, store_counters_found>,
  answers<store_list_counters, store_keys>, confirms<store_raise>, answers<lease_wanted, lease_reply>,
  confirms<lease_returned>, answers<store_rate_limits, store_rate_limits_reply>, confirms<store_announce>, hears<store_listen>,
  answers<get_store_status, store_status>, hears<wake>,
  confirms<store_add_distinct>, answers<store_count_distinct, store_distinct_found>>;

// Whoever wants to know what changes in the tables.
using symbols_listener = caf::typed_actor<hears<symbols_changed>>;

// listener -> cache: from now on tell me every change, until I am gone.
struct symbols_listen {
  symbols_listener listener; // once more: told twice
};

// Who knows the tables; engine::cache().
using cache_actor = caf::typed_actor<
  answers<get_symbols, symbols_reply>, answers<refresh_symbols, refresh_outcome>, answers<accept_symbols, refresh_outcome>,
  hears<rejection_reported>, hears<symbols_listen>, hears<store_event>, hears<symbols_announced>,
  answers<get_cache_status, cache_status>, hears<wake>>;

// Who starts fetchers anew; engine::supervisor(), to be monitored.
using supervisor_actor
  = caf::typed_actor<answers<fetch_wanted, fetch_result>, answers<fallback_wanted, fetch_result>,
                     answers<get_supervisor_status, supervisor_status>, hears<wake>>;

// Who asks the exchange, for one market and for one life.
using fetcher_actor = caf::typed_actor<answers<fetch_symbols, fetch_outcome>, hears<wake>>;

// Who keeps the newest tables that were believed, for the worst.
using last_good_actor
  = caf::typed_actor<answers<last_good_wanted, symbols_answer>, hears<table_accepted>, hears<store_event>,
                     hears<symbols_announced>, answers<get_last_good_status, last_good_status>, hears<wake>>;

// Who asks for a refresh of each market at its interval.
using warmup_actor = caf::typed_actor<answers<get_warmup_status, warmup_status>, hears<wake>>;

// Who brings the ledger to the store and answers for both; engine::counters().
using counter_actor = caf::typed_actor<
  hears<incr_counter>, answers<incr_counter_confirmed, incr_confirmation>, answers<read_counter, counter_reading>,
  answers<read_counters, counter_readings>, answers<flush_counters, flush_reply>, answers<retire_counters, flush_reply>,
  hears<store_event>,
  hears<symbols_announced>, answers<get_counter_status, counter_status>, hears<wake>>;

// Who decides admissions where no lease does; engine::rate_limiter().
using rate_limiter_actor
  = caf::typed_actor<answers<acquire_permits, rate_decision>, hears<permits_awaited>, hears<lease_low>,
                     answers<get_rate_limiter_status, rate_limiter_status>, hears<wake>>;

// Who keeps how counters went.
using history_actor = caf::typed_actor<hears<history_sample>, answers<history_wanted, history_answer>,
                                       answers<history_days_wanted, history_days>,
                                       answers<get_history_status, history_status>, hears<wake>>;

// Who brings the times of tasks to the store and back.
using task_keeper_actor = caf::typed_actor<confirms<keep_now>, hears<store_event>, hears<symbols_announced>, hears<wake>>;

// Who brings the subjects of features to the store.
using feature_keeper_actor
  = caf::typed_actor<answers<features_wanted, features_found>, answers<get_feature_status, feature_status>, confirms<keep_now>,
                     hears<store_event>, hears<symbols_announced>, hears<wake>>;

// Who looks at everybody once in a while, for metrics and history.
using monitor_actor = caf::typed_actor<hears<store_event>, hears<symbols_announced>, hears<wake>>;

} // namespace holdfast

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(holdfast::store_listen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(holdfast::symbols_listen)
