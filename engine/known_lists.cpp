#include "engine/known_lists.hpp"

#include <utility>
#include <vector>

#include "config/fingerprint.hpp"
#include "config/keys.hpp"
#include "runtime/sqlite_reader.hpp"
#include "runtime/symbol_codec.hpp"

namespace holdfast {

namespace {

// Where no thread can be had, and in a simulation, the one that waits does it.
std::launch beside(bool own_threads) noexcept {
  return own_threads ? std::launch::async | std::launch::deferred : std::launch::deferred;
}

symbols_answer decode(const std::optional<std::string>& text, market which, const options& settings, const clock_source& now) {
  if (!text)
    return {};
  const auto decoded = decode_symbols(*text, list_rules_of(settings, which));
  if (!decoded || decoded->fingerprint != fingerprint_of(settings))
    return {};
  symbols_answer list{decoded->table, symbols_source::last_good, decoded->fetched_at, {}, decoded->order, decoded->judged_since};
  // An impossible age is an unknown one.
  if (const auto wall = now.wall_now(); list.fetched_at && *list.fetched_at <= wall)
    list.fetched_boot = now.boot_now() - (wall - *list.fetched_at);
  return list;
}

known_lists read(const std::string& path, const options& settings, const clock_source& now, std::launch how) {
  std::vector<std::string> keys;
  for (const auto which : all_markets)
    keys.push_back(keys::local_last_good(which, fingerprint_of(settings)));
  const auto texts = read_entries(path, keys);
  const auto list_of = [&](market which) { return decode(texts[index(which)], which, settings, now); };
  known_lists lists;
  auto futures = std::async(how, list_of, market::futures);
  lists[index(market::spot)] = list_of(market::spot);
  lists[index(market::futures)] = futures.get();
  return lists;
}

} // namespace

list_rules list_rules_of(const options& settings, market which) {
  return {settings.quote_assets, settings.priority(which)};
}

std::future<known_lists> read_known_lists(const std::string& folder, const options& settings, clock_ptr clock, bool own_threads) {
  const auto how = beside(own_threads);
  return std::async(how, [folder, &settings, clock = std::move(clock), how] {
    return folder.empty() ? known_lists{} : read(folder + "/store.sqlite", settings, *clock, how);
  });
}

} // namespace holdfast
