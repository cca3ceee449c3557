// Every key in the store and every metric name, once.
#pragma once

#include <string>
#include <string_view>

#include <holdfast/config/metric_keys.hpp>
#include <holdfast/runtime/machine.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast::keys {

// The contract's JSON array of the tradable list; expires with its TTL.
constexpr std::string_view symbols_cache(market which) noexcept {
  return which == market::spot ? "cache:symbols:spot:v1" : "cache:symbols:futures:v1";
}
// The same without expiry: the newest list that was believed.
constexpr std::string_view symbols_last_good(market which) noexcept {
  return which == market::spot ? "cache:symbols:spot:last_good" : "cache:symbols:futures:last_good";
}
// The state folder's own copy of the newest good table, in full; of each configuration (fingerprint_of() it) one of its own.
inline std::string local_last_good(market which, std::string_view fingerprint) {
  return (which == market::spot ? "holdfast:last_good:spot:v1:" : "holdfast:last_good:futures:v1:") + digest_of(fingerprint);
}
// The full-fidelity value: every symbol with its rules, origin and fingerprint.
constexpr std::string_view symbols_full(market which) noexcept {
  return which == market::spot ? "holdfast:symbols:spot:v1" : "holdfast:symbols:futures:v1";
}
// Unix seconds of the fetch behind the newest list.
constexpr std::string_view last_refresh(market which) noexcept {
  return which == market::spot ? "metrics:spot_symbols_cache:last_refresh_ts"
                               : "metrics:futures_symbols_cache:last_refresh_ts";
}
// Counter: requests for a market's symbols that were answered fresh.
constexpr std::string_view cache_hit(market which) noexcept {
  return which == market::spot ? "metrics:cache_hit:symbols_spot" : "metrics:cache_hit:symbols_futures";
}
// Counter: all the others. Lookups in a symbols_view count as neither.
constexpr std::string_view cache_miss(market which) noexcept {
  return which == market::spot ? "metrics:cache_miss:symbols_spot" : "metrics:cache_miss:symbols_futures";
}
// The task of these refreshes, as task_success and task_error are of it.
constexpr std::string_view warmup_task(market which) noexcept {
  return which == market::spot ? "warmup_spot_symbols_cache" : "warmup_futures_symbols_cache";
}
// Counter of that task: refreshes that succeeded, each counted by the process that fetched.
constexpr std::string_view warmup_success(market which) noexcept {
  return which == market::spot ? "metrics:warmup_spot_symbols_cache:success"
                               : "metrics:warmup_futures_symbols_cache:success";
}
// Counter of that task: refreshes that failed, every failed retry too.
constexpr std::string_view warmup_error(market which) noexcept {
  return which == market::spot ? "metrics:warmup_spot_symbols_cache:error"
                               : "metrics:warmup_futures_symbols_cache:error";
}

// Set of every counter key that a holdfast process ever flushed.
inline constexpr std::string_view counter_index = "holdfast:keys";
// Random text, set once: differs after the store was emptied.
inline constexpr std::string_view epoch = "holdfast:epoch";
// Which processes decide rate limits here: a sorted set by the time of their last word.
inline constexpr std::string_view processes = "holdfast:processes";
// Channel of refresh announcements.
inline constexpr std::string_view announcements = "holdfast:announce";

// Bookkeeping of one counter: shares its hash slot. Pre: no braces in `counter`.
inline std::string ledger_record(std::string_view counter) {
  return std::string{"holdfast:ledger:{"}.append(counter).append("}");
}
// The newest table_order that was written under `key`; shares its hash slot.
inline std::string fence(std::string_view key) { return std::string{"holdfast:{"}.append(key).append("}:fence"); }
// Sketch of who was counted under `counter`: shares its hash slot. Pre: no braces in `counter`.
inline std::string distinct(std::string_view counter) {
  return std::string{"holdfast:distinct:{"}.append(counter).append("}");
}
// Of a task's runs that succeeded: metrics:<task>:success. Pre: `task` is a segment.
inline constexpr std::string_view task_success = "success";
inline constexpr std::string_view task_error = "error"; // of those that failed: metrics:<task>:error
// Unix seconds at which a task's last run ended, whichever process had it; never moves back.
inline std::string task_last_run(std::string_view task) {
  return std::string{"holdfast:task:"}.append(task).append(":last_run_ts");
}
// The same of its last success; no such key: none yet, as far as the store knows.
inline std::string task_last_success(std::string_view task) {
  return std::string{"holdfast:task:"}.append(task).append(":last_success_ts");
}
// Uses of a feature: metrics:feature_usage:<name>.
inline constexpr std::string_view feature_usage = "feature_usage";
// Of one feature; of all where `name` is a glob for questions.
inline std::string feature_counter(std::string_view name) {
  return std::string{metric_prefix}.append(feature_usage).append(":").append(name);
}
// Of processes on one machine that ask one exchange; see runtime/machine.hpp.
inline std::string embargo(market which, std::string_view site, std::string_view machine) {
  return std::string{"holdfast:embargo:"}.append(to_string(which)).append(":").append(site).append(":").append(machine);
}
// Who may fetch, and its token. `name` as in lease_wanted.
inline std::string lease(std::string_view name) { return std::string{"holdfast:lease:{"}.append(name).append("}"); }

} // namespace holdfast::keys
