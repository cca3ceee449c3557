#include <cstdio>

#include "apps/holdfast/command.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_view.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast::app {

namespace {

std::string text_of(std::uint64_t added, std::uint64_t subtracted) {
  return std::to_string(static_cast<std::int64_t>(added - subtracted));
}

std::string row_json(const ledger_view::row& row) {
  std::string out = "{\"key\":";
  append_json_string(out, row.key);
  out += ",\"added\":" + std::to_string(row.sums.added) + ",\"subtracted\":" + std::to_string(row.sums.subtracted);
  out += ",\"acknowledged\":" + text_of(row.acknowledged.added, row.acknowledged.subtracted);
  out += ",\"acknowledged_added\":" + std::to_string(row.acknowledged.added);
  out += ",\"acknowledged_subtracted\":" + std::to_string(row.acknowledged.subtracted);
  out += ",\"pending\":" + std::to_string(row.pending());
  out += std::string{",\"merged\":"} + (row.is_merged() ? "true" : "false");
  return out + '}';
}

std::string ledger_json(const std::string& path, const ledger_view& ledger) {
  std::string out = "{\"file\":";
  append_json_string(out, path);
  out += ",\"store\":";
  append_json_string(out, ledger.store);
  out += ",\"writer\":\"" + to_text(ledger.writer) + "\",\"owner\":" + std::to_string(ledger.owner_process);
  out += std::string{",\"alive\":"} + (ledger.owned ? "true" : "false");
  out += ",\"created\":" + std::to_string(ledger.created_seconds);
  out += ",\"last_written\":" + std::to_string(ledger.last_written_seconds);
  out += ",\"capacity\":" + std::to_string(ledger.capacity) + ",\"stripes\":" + std::to_string(ledger.stripes);
  out += ",\"overflow\":" + std::to_string(ledger.overflow.added + ledger.overflow.subtracted) + ",\"rows\":[";
  for (const auto& row : ledger.rows)
    out += (&row == &ledger.rows.front() ? "" : ",") + row_json(row);
  return out + "]}";
}

void print_ledger(const std::string& path, const ledger_view& ledger) {
  std::printf("%s\n  writer %s, process %lld (%s), %zu of %u counters", path.c_str(), to_text(ledger.writer).c_str(),
              static_cast<long long>(ledger.owner_process), ledger.owned ? "alive" : "gone", ledger.rows.size(),
              ledger.capacity);
  if (!ledger.store.empty())
    std::printf(", for %s", ledger.store.c_str());
  if (const auto overflow = ledger.overflow.added + ledger.overflow.subtracted; overflow > 0)
    std::printf(", %llu counted in the overflow", static_cast<unsigned long long>(overflow));
  std::printf("\n  %16s %16s %16s %16s  %s\n", "added", "subtracted", "acknowledged", "pending", "key");
  for (const auto& row : ledger.rows)
    std::printf("  %16llu %16llu %16s %16lld  %s\n", static_cast<unsigned long long>(row.sums.added),
                static_cast<unsigned long long>(row.sums.subtracted),
                text_of(row.acknowledged.added, row.acknowledged.subtracted).c_str(),
                static_cast<long long>(row.pending()), row.key.c_str());
}

} // namespace

exit_status run_ledger(invocation& call) {
  if (call.words.size() > 1)
    return refuse_usage("ledger takes at most one file");
  const bool all = call.words.empty();
  const auto paths = all ? list_ledgers(state_path_of(call.config) + "/ledgers") : call.words;
  std::string json = "[";
  std::string problem;
  for (const auto& path : paths) {
    const auto ledger = ledger_view::open(path);
    if (!ledger) {
      problem = ledger.error();
      continue;
    }
    if (call.json)
      json += (json.size() > 1 ? "," : "") + ledger_json(path, *ledger);
    else
      print_ledger(path, *ledger);
  }
  if (call.json && (all || problem.empty()))
    std::printf("%s]\n", json.c_str());
  if (!call.json && paths.empty())
    std::printf("no ledgers\n");
  return problem.empty() ? exit_status::done : fail(problem + "; nothing was changed");
}

} // namespace holdfast::app
