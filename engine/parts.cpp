#include "engine/parts.hpp"

#include <algorithm>
#include <random>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/cache.hpp"
#include "actors/counter.hpp"
#include "actors/embedded_store.hpp"
#include "actors/feature_keeper.hpp"
#include "actors/fetcher.hpp"
#include "actors/history.hpp"
#include "actors/last_good.hpp"
#include "actors/monitor.hpp"
#include "actors/rate_limiter.hpp"
#include "actors/spawn_waiting.hpp"
#include "actors/supervisor.hpp"
#include "actors/task_keeper.hpp"
#include "actors/warmup.hpp"
#include "config/fingerprint.hpp"
#include "config/history_limits.hpp"
#include "config/keys.hpp"
#include "config/counted_store.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/log.hpp"
#include "runtime/machine.hpp"

namespace holdfast {

using namespace std::chrono_literals;

engine_parts::engine_parts(caf::actor_system& on, engine_means given)
  : system{on}, means{std::move(given)}, settings{means.settings}, clock{means.clock} {
  folder = state_folder::open(settings.state_dir);
  if (!folder.problem.empty())
    logger()->warn("state is kept in memory only, it does not survive the process reason={}", log_value(folder.problem));
  if (!folder.warning.empty())
    logger()->warn("others can look into the state folder reason={}", log_value(folder.warning));
  // A new process answers as early as it can: the lists are read while the ledger is made.
  auto lists = read_known_lists(folder.readable, settings, clock, means.own_threads);
  ledger = folder.path.empty() ? counter_ledger::anonymous(settings.ledger_capacity, settings.ledger_stripes)
                               : counter_ledger::open(folder.file("ledgers"), settings.ledger_capacity,
                                                    settings.ledger_stripes, counted_store(settings));
  if (ledger->durable() && settings.ledger_sync_interval > 0ns)
    syncing = std::make_unique<ledger_sync>(ledger, settings.ledger_sync_interval);
  const auto refused = ledger->overflow_handle();
  watched->tasks = std::make_shared<task_board>(clock, task_counters{refused, refused});
  for (const auto which : all_markets) {
    hits[index(which)] = ledger->handle(keys::cache_hit(which));
    const auto name = std::string{to_string(which)};
    budgets[index(which)] = std::make_shared<embargo>(which, folder.file(embargo_file_name(which, settings.site(which))), clock);
    memories[index(which)]
      = std::make_shared<exchange_memory>(folder.file("refused_" + name + ".json"), clock, !settings.api_key.empty(),
                                          folder.file("accepted_" + name + '_' + settings.site(which) + ".json"));
  }
  known = lists.get();
  // Before anything else answers: a start without network still has its lists.
  for (const auto which : all_markets)
    if (const auto& list = known[index(which)]; list.table)
      board->publish(which, {list.table, list.source, list.fetched_at, list.fetched_boot, {}, list.order, 1, list.judged_since});
  spawn_history();
  spawn_actors();
  spawn_rate_limiter();
  spawn_keepers();
  spawn_watchers();
}

// One message per table that is read until its time is almost over. A forked child has nobody to send it to.
void engine_parts::refresh_early(market which, std::chrono::nanoseconds at_age) noexcept {
  try {
    if (!ledger->forked())
      caf::anon_send(cache, refresh_symbols{which, refresh_reason::warmup, at_age});
  } catch (...) {
    logger()->debug("an early refresh was not asked for market={}", to_string(which));
  }
}

std::optional<symbols_reply> engine_parts::fresh_reply(market which) noexcept {
  const auto now = clock->boot_now();
  const auto published = board->current(which);
  if (!published->table || !published->fresh(now))
    return std::nullopt;
  hits[index(which)].incr();
  if (early->claim(which, now))
    refresh_early(which, published->age(now).value_or(settings.ttl(which)));
  return reply_from(*published, now);
}

namespace {

gate_settings gate_settings_of(const options& settings, market which) {
  gate_settings gate;
  gate.keep_percent_min = settings.keep_percent_min;
  gate.pinned = settings.pinned(which);
  return gate;
}

struct exchange_access {
  engine_means means;
  std::array<std::shared_ptr<embargo>, market_count> budgets;
  std::array<std::shared_ptr<exchange_memory>, market_count> memories;
  std::shared_ptr<counter_ledger> ledger;
  std::shared_ptr<metric_values> values;
  telemetry_ptr watched;
  store_actor shared_store; // null: none but the state folder

  started_fetcher operator()(caf::actor_system& system, market which) const {
    const auto& settings = means.settings;
    fetcher_settings fetching;
    fetching.which = which;
    fetching.urls = settings.urls(which);
    fetching.api_key = settings.api_key;
    fetching.rules = list_rules_of(settings, which);
    fetching.max_body = settings.max_response_bytes;
    fetching.gate = gate_settings_of(settings, which);
    fetching.keep_gone = std::chrono::ceil<std::chrono::seconds>(settings.keep_gone);
    fetching.weight_percent_max = settings.weight_percent_max;
    fetching.embargo_key = keys::embargo(which, settings.site(which), means.machine.empty() ? machine_name() : means.machine);
    fetching.count = [counted = ledger, names = values, told = watched](std::string_view type, std::string_view value) {
      counted->add(names->key(type, value), 1);
      told->names_left_out.store(names->left_out(), std::memory_order_relaxed);
    };
    auto transfer = means.transfers();
    auto handle = spawn_waiting(
      system, means.own_threads, "fetcher", fetcher, std::move(fetching),
      fetcher_means{means.clock, transfer, budgets[index(which)], memories[index(which)], shared_store});
    return {handle, [transfer] { transfer->cancel(); }};
  }
};

// Short enough that a dead holder costs less than an interval, long enough for a store that stutters.
std::chrono::milliseconds lease_ttl_of(const options& settings) {
  auto shortest = std::chrono::nanoseconds{std::min(settings.spot_ttl, settings.futures_ttl)};
  for (const auto which : all_markets)
    if (settings.warmup_interval(which) > 0ns)
      shortest = std::min(shortest, settings.warmup_interval(which));
  return std::clamp<std::chrono::milliseconds>(std::chrono::floor<std::chrono::milliseconds>(shortest / 2), 500ms, 3s);
}

} // namespace

namespace {

task warmup_task(engine_parts& all, market which) {
  // Nobody else's word for it: a task that never ran is not listed where there is no warmup.
  const auto interval = all.settings.warmup_interval(which);
  return interval > 0ns ? task_of(all, keys::warmup_task(which), std::min(interval, all.settings.ttl(which) * 8 / 10)) : task{};
}

} // namespace

void engine_parts::spawn_actors() {
  const auto path = folder.path.empty() ? std::string{":memory:"} : folder.file("store.sqlite");
  if (settings.uses_redis()) {
    auto started = means.shared_store(system, clock, watched);
    store = std::move(started.handle);
    end_shared_store = std::move(started.end_by);
  }
  const bool shares = store != nullptr;
  // Watched is the one that all others use.
  local = spawn_waiting(system, means.own_threads, "embedded_store", embedded_store,
                        embedded_store_settings{path, shares ? telemetry_ptr{} : watched, ends}, clock);
  if (!shares)
    store = local;

  last_good_settings keeping;
  cache_settings caching;
  warmup_settings warming;
  for (const auto which : all_markets) {
    keeping.rules[index(which)] = list_rules_of(settings, which);
    // For bare arrays, where no list is known: what an operator let go in an earlier life is not demanded of them.
    const auto gate = memories[index(which)]->gate_for(gate_settings_of(settings, which), nullptr);
    keeping.gates[index(which)] = gate;
    caching.markets[index(which)] = {settings.ttl(which), list_rules_of(settings, which), hits[index(which)],
                                     ledger->handle(keys::cache_miss(which)), gate};
    caching.markets[index(which)].keep_gone = std::chrono::ceil<std::chrono::seconds>(settings.keep_gone);
    warming.markets[index(which)] = {settings.warmup_interval(which), settings.ttl(which), warmup_task(*this, which)};
  }
  keeping.fingerprint = caching.fingerprint = fingerprint_of(settings);
  keeping.local = local;
  keeping.shared = store;
  caching.fetch_timeout = warming.fetch_timeout = settings.fetch_timeout;
  caching.holder = to_text(random_ledger_id());
  caching.lease_ttl = lease_ttl_of(settings);
  caching.look_interval = 5s;
  warming.retries_max = settings.warmup_max_retries;
  std::mt19937_64 random{means.seed};
  warming.seed = random();
  warming.watched = watched;
  keeping.seed = random();
  caching.seed = random();
  caching.early = early;

  last_good = system.spawn(holdfast::last_good, std::move(keeping), clock, known);
  supervisor = system.spawn(holdfast::supervisor,
                            supervisor_settings{exchange_access{means, budgets, memories, ledger,
                                                                names, watched, shares ? store : store_actor{}},
                                                settings.fetch_timeout,
                                                settings.max_restarts, settings.restart_window, random(), watched},
                            clock, last_good);
  cache = system.spawn(holdfast::cache, std::move(caching), clock, board, store, supervisor, last_good);
  counters = system.spawn(counter_drain,
                          counter_settings{settings.flush_interval, folder.path.empty() ? "" : folder.file("ledgers"), counted_store(settings),
                                           shares ? counter_source::redis : counter_source::embedded, watched,
                                           random()},
                          clock, ledger, store);
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(counters)});
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(cache)});
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(last_good)});
  warmup = system.spawn(holdfast::warmup, std::move(warming), clock, board, cache);
}

void engine_parts::spawn_rate_limiter() {
  const auto count = [counted = ledger, known = names, told = watched](const std::string& action) {
    const auto key = known->key("rate_limit", action);
    told->names_left_out.store(known->left_out(), std::memory_order_relaxed);
    const auto handle = [&](const char* ending) { return counted->handle(key + ending); };
    return limiter_counters{handle("_allowed"), handle("_refused"), handle("_near"), handle("_shadow"), handle("_blind")};
  };
  rate_limits = std::make_shared<limiter_registry>(clock, count);
  rate_limiter = system.spawn(holdfast::rate_limiter, rate_limiter_settings{to_text(random_ledger_id())}, clock,
                              rate_limits, store);
  limiters = std::make_shared<limiter_access>(rate_limiter, clock, ledger);
}

void engine_parts::spawn_keepers() {
  task_keeper = system.spawn(holdfast::task_keeper, task_keeper_settings{}, clock, watched->tasks, store);
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(task_keeper)});
}

// Shared by all who open the folder; without a folder there is none. Before the fetchers, which start threads of their own meanwhile.
void engine_parts::spawn_history() {
  const auto limits = history_limits_of(settings);
  const bool wanted = !folder.path.empty() && limits.keeps_any();
  history = spawn_waiting(system, means.own_threads, "history", holdfast::history,
                          wanted ? folder.file("history.sqlite") : std::string{}, limits, clock, ends);
}

void engine_parts::spawn_watchers() {
  feature_keeper = system.spawn(holdfast::feature_keeper, feature_keeper_settings{}, clock, features, counters, store, history);
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(feature_keeper)});
  monitor_settings watching;
  watching.store_kind = store == local ? counter_source::embedded : counter_source::redis;
  monitor = system.spawn(holdfast::monitor, watching, clock,
                         monitored{cache, supervisor, last_good, warmup, counters, store, history, rate_limiter, feature_keeper, board, ledger, budgets,
                                   memories, watched},
                         snapshots);
  caf::anon_send(store, store_listen{caf::actor_cast<store_listener>(monitor)});
  metrics = std::make_shared<holdfast::metrics>(snapshots, watched, clock);
}

void engine_parts::end_by(boot_time at) {
  ends->set(at);
  if (end_shared_store)
    end_shared_store(at);
}

std::vector<caf::actor> engine_parts::in_stopping_order() const {
  std::vector<caf::actor> order;
  const auto add = [&](const auto& one) { order.push_back(caf::actor_cast<caf::actor>(one)); };
  add(monitor);
  add(feature_keeper);
  add(task_keeper);
  add(history);
  add(warmup);
  add(rate_limiter);
  add(cache);
  for (const auto& feed : feeds)
    add(feed);
  add(supervisor);
  add(counters);
  add(last_good);
  if (store != local)
    add(store);
  add(local);
  return order;
}

} // namespace holdfast
