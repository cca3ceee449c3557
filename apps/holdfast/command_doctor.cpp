#include <algorithm>
#include <array>
#include <cstdio>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/doctor.hpp"
#include "runtime/printable.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast::app {

namespace {

constexpr std::array<const char*, 3> level_names{"ok", "warning", "failure"};

const char* name_of(finding_level level) { return level_names[static_cast<std::size_t>(level)]; }

void print_text(const findings& found) {
  for (const auto& one : found) {
    std::printf("%-8s %-24s %s\n", name_of(one.level), one.what.c_str(), printable(one.seen, 1000).c_str());
    if (!one.advice.empty())
      std::printf("%-8s %-24s -> %s\n", "", "", one.advice.c_str());
  }
}

void print_json(const findings& found, bool good) {
  std::string out = good ? "{\"ok\":true,\"findings\":[" : "{\"ok\":false,\"findings\":[";
  for (const auto& one : found) {
    out += out.back() == '[' ? "{\"level\":\"" : ",{\"level\":\"";
    out += name_of(one.level);
    for (const auto& [name, text] : {std::pair{"\",\"what\":", &one.what}, std::pair{",\"seen\":", &one.seen}, std::pair{",\"advice\":", &one.advice}}) {
      out += name;
      append_json_string(out, *text);
    }
    out += '}';
  }
  std::printf("%s]}\n", out.c_str());
}

} // namespace

exit_status run_doctor(invocation& call) {
  if (!call.words.empty())
    return refuse_usage("doctor takes no words, only options");
  findings found{{finding_level::ok, "configuration", "is sound", {}}};
  check_intervals(call.config, found);
  check_state_folder(call.config, found);
  check_serve(call.config, found);
  check_redis(call.config, found);
  for (const auto which : all_markets)
    check_exchange(call.config, which, found);
  const auto bad = std::count_if(found.begin(), found.end(), [](const auto& one) { return one.level == finding_level::failure; });
  if (call.json)
    print_json(found, bad == 0);
  else
    print_text(found);
  if (bad > 0)
    return fail(std::to_string(bad) + (bad == 1 ? " check failed" : " checks failed") + "; what to do is told beside each");
  return exit_status::done;
}

} // namespace holdfast::app
