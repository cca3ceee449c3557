#include <cstdio>

#include <signal.h>

#include "apps/holdfast/command.hpp"
#include "runtime/counter_protocol.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast::app {

namespace {

std::string row_json(const ledger_file& file, std::uint32_t row) {
  const auto sums = file.sums(row);
  const auto book = file.bookkeeping(row);
  std::string out = "{\"key\":";
  append_json_string(out, file.key(row));
  out += ",\"added\":" + std::to_string(sums.added) + ",\"subtracted\":" + std::to_string(sums.subtracted);
  out += ",\"acknowledged_added\":" + std::to_string(book.merged.added + book.carried.added);
  out += ",\"acknowledged_subtracted\":" + std::to_string(book.merged.subtracted + book.carried.subtracted);
  out += std::string{",\"pending\":"} + (needs_merge(sums, book) ? "true" : "false");
  return out + '}';
}

std::string file_json(const ledger_file& file) {
  const bool alive = ::kill(static_cast<pid_t>(file.owner_process()), 0) == 0;
  std::string out = "{\"file\":";
  append_json_string(out, file.path());
  out += ",\"writer\":\"" + to_text(file.writer()) + "\",\"owner\":" + std::to_string(file.owner_process());
  out += std::string{",\"alive\":"} + (alive ? "true" : "false") + ",\"rows\":[";
  for (std::uint32_t row = 0; row < file.row_count(); ++row) {
    out += row > 0 ? "," : "";
    out += row_json(file, row);
  }
  return out + "]}";
}

void print_file(const ledger_file& file) {
  const bool alive = ::kill(static_cast<pid_t>(file.owner_process()), 0) == 0;
  std::printf("%s\n  writer %s, process %lld (%s), %u of %u counters\n", file.path().c_str(), to_text(file.writer()).c_str(),
              static_cast<long long>(file.owner_process()), alive ? "alive" : "gone", file.row_count(), file.capacity());
  std::printf("  %20s %20s  %-8s %s\n", "added", "subtracted", "state", "key");
  for (std::uint32_t row = 0; row < file.row_count(); ++row) {
    const auto sums = file.sums(row);
    const auto key = std::string{file.key(row)};
    std::printf("  %20llu %20llu  %-8s %s\n", static_cast<unsigned long long>(sums.added),
                static_cast<unsigned long long>(sums.subtracted),
                needs_merge(sums, file.bookkeeping(row)) ? "pending" : "merged", key.c_str());
  }
}

} // namespace

exit_status run_ledger(invocation& call) {
  if (call.words.size() > 1)
    return refuse_usage("ledger takes at most one file");
  const auto paths = call.words.empty() ? list_ledgers(state_path_of(call.config) + "/ledgers") : call.words;
  std::string json = "[";
  for (const auto& path : paths) {
    const auto file = ledger_file::view(path);
    if (!file)
      return fail(file.error().detail);
    if (call.json)
      json += (json.size() > 1 ? "," : "") + file_json(**file);
    else
      print_file(**file);
  }
  if (call.json)
    std::printf("%s]\n", json.c_str());
  return exit_status::done;
}

} // namespace holdfast::app
