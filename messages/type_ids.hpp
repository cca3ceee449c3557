// Every message type, once. Ids only grow: append at the end. No message leaves the process, so none is serialised.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <holdfast/messages/counters.hpp>
#include <holdfast/messages/done.hpp>
#include <holdfast/messages/history.hpp>
#include <holdfast/messages/rate_limits.hpp>
#include <holdfast/messages/status.hpp>
#include <holdfast/messages/store.hpp>
#include <holdfast/messages/symbols.hpp>
#include <holdfast/messages/usage.hpp>
#include <holdfast/messages/wake.hpp>
#include <holdfast/runtime/export.hpp>

namespace caf {
class actor_system_config;
}

namespace holdfast {
struct store_listen;
struct symbols_listen;

// Makes the messages and the fault category known to a configuration; engine_config does it by itself.
HOLDFAST_EXPORT void register_messages(caf::actor_system_config& config);
} // namespace holdfast

#define HOLDFAST_MESSAGES(apply)                                                                                       \
  apply(get_symbols) apply(symbols_reply) apply(refresh_symbols) apply(refresh_outcome) apply(symbols_answer)          \
  apply(fetch_wanted) apply(fetch_result) apply(fallback_wanted) apply(fetch_symbols) apply(fetch_outcome)             \
  apply(last_good_wanted) apply(table_accepted) apply(symbols_announced)                                              \
  apply(store_read) apply(store_value) apply(store_write) apply(store_erase) apply(store_symbols) apply(store_merge)   \
  apply(store_merge_reply) apply(store_read_counters) apply(store_counters_found) apply(store_list_counters)           \
  apply(store_keys) apply(store_raise) apply(lease_wanted) apply(lease_reply) apply(lease_returned)                    \
  apply(store_announce) apply(store_event) apply(get_store_status) apply(store_status)                                 \
  apply(incr_counter) apply(incr_counter_confirmed) apply(incr_confirmation) apply(read_counter)                       \
  apply(counter_reading) apply(read_counters) apply(counter_readings) apply(flush_counters) apply(flush_reply)         \
  apply(get_counter_status) apply(counter_status)                                                                      \
  apply(get_cache_status) apply(cache_status) apply(get_supervisor_status) apply(supervisor_status)                    \
  apply(get_warmup_status) apply(warmup_status) apply(get_last_good_status) apply(last_good_status)  \
  apply(wake) apply(done) apply(accept_symbols)                                                                        \
  apply(history_sample) apply(history_wanted) apply(history_answer) apply(get_history_status) apply(history_status)    \
  apply(retire_counters) apply(rejection_reported) apply(symbols_changed)                                              \
  apply(store_rate_limits) apply(store_rate_limits_reply) apply(acquire_permits) apply(rate_decision)                  \
  apply(permits_awaited) apply(lease_low) apply(get_rate_limiter_status) apply(rate_limiter_status)                    \
  apply(store_add_distinct) apply(store_count_distinct) apply(store_distinct_found)                                       \
  apply(keep_now) apply(features_wanted) apply(features_found) apply(get_feature_status) apply(feature_status)          \
  apply(history_days_wanted) apply(history_days)

CAF_BEGIN_TYPE_ID_BLOCK(holdfast, caf::first_custom_type_id)
// Gives one message the next id; only for the list above.
#define HOLDFAST_ADD_TYPE_ID(name) CAF_ADD_TYPE_ID(holdfast, (holdfast::name))
HOLDFAST_MESSAGES(HOLDFAST_ADD_TYPE_ID)
CAF_ADD_TYPE_ID(holdfast, (holdfast::store_listen))
CAF_ADD_TYPE_ID(holdfast, (holdfast::symbols_listen))
#undef HOLDFAST_ADD_TYPE_ID
CAF_END_TYPE_ID_BLOCK(holdfast)

// Tells CAF that one message is never serialised; only for the list above.
#define HOLDFAST_ALLOW_UNSAFE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(holdfast::name)
HOLDFAST_MESSAGES(HOLDFAST_ALLOW_UNSAFE)
#undef HOLDFAST_ALLOW_UNSAFE
