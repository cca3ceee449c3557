#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <set>

#include <rapidjson/document.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "config/keys.hpp"
#include "config/counted_store.hpp"
#include "engine/ask.hpp"
#include "engine/http_request.hpp"
#include "engine/status_json.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/glob.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/printable.hpp"

namespace holdfast::app {

namespace {

// Nothing was counted, because serve could not keep it (Insufficient Storage).
constexpr int status_not_kept = 507;
// The store holds something else under the key (Unprocessable Content).
constexpr int status_no_integer = 422;

exit_status fail_without_integer(std::string_view key) {
  return fail("counter " + printable(key, 80) + " is no integer in the store; rename or delete what is under this key there");
}

exit_status print_counters(const std::string& object, bool json) {
  if (json) {
    std::printf("%s\n", object.c_str());
    return exit_status::done;
  }
  rapidjson::Document counters;
  counters.Parse(object.c_str());
  if (!counters.IsObject())
    return fail("the answer of the running serve is no list of counters");
  // By count: under C++20 clang finds RapidJSON's member iterators ambiguous to compare.
  auto at = counters.MemberBegin();
  for (auto left = counters.MemberCount(); left > 0; --left, ++at)
    std::printf("%s %lld\n", at->name.GetString(), static_cast<long long>(at->value.GetInt64()));
  return exit_status::done;
}

exit_status print_counter(const std::string& reading, bool json) {
  rapidjson::Document counter;
  counter.Parse(reading.c_str());
  if (!counter.IsObject() || !counter.HasMember("value") || !counter.HasMember("source") || !counter.HasMember("as_of"))
    return fail("the answer of the running serve is no counter");
  if (counter["source"] == "ledger" && counter["as_of"].IsNull())
    return fail_without_store();
  if (json)
    std::printf("%s\n", reading.c_str());
  else
    std::printf("%lld\n", static_cast<long long>(counter["value"].GetInt64()));
  return exit_status::done;
}

// What other programs count. An engine that lives so shortly has not read it in the background. False: the store does not tell.
bool add_foreign(engine& host, const std::string& pattern, counter_readings& found) {
  constexpr auto patience = std::chrono::seconds{2};
  constexpr std::size_t most = 10'000;
  const std::function<void()> by_itself;
  const asking_side from{host.system(), by_itself};
  const auto began = host.clock()->boot_now();
  const auto deadline = began + 2 * patience;
  const store_list_counters listing{pattern, true, deadline};
  auto listed = ask<store_keys>(from, host.store(), patience, listing);
  if (!listed)
    return false;
  // Of a large store one question has looked at a part.
  while (!listed->complete && host.clock()->boot_now() < began + patience) {
    auto more = ask<store_keys>(from, host.store(), patience, listing);
    if (!more)
      break;
    listed = std::move(more);
  }
  // Time stamps are no counters to any store, and are told with them all the same.
  for (const auto which : all_markets)
    if (glob_matches(pattern, keys::last_refresh(which)))
      listed->keys.emplace_back(keys::last_refresh(which));
  std::set<std::string> known;
  for (const auto& one : found.readings)
    known.insert(one.key);
  store_read_counters question{{}, deadline};
  for (const auto& key : listed->keys)
    if (question.reads.size() < most && known.insert(key).second)
      question.reads.push_back({key, {}});
  const auto told = ask<store_counters_found>(from, host.store(), patience, question);
  if (!told || told->found.size() != question.reads.size())
    return false;
  for (std::size_t i = 0; i < told->found.size(); ++i)
    if (const auto& value = told->found[i].value)
      found.readings.push_back({question.reads[i].key, *value, true, true, counter_source::redis, {}, fault::none});
  std::sort(found.readings.begin(), found.readings.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return true;
}

} // namespace

exit_status run_counters(invocation& call) {
  if (call.words.size() > 1)
    return refuse_usage("counters takes at most one pattern, such as 'metrics:cache_*'");
  const auto pattern = call.words.empty() ? std::string{"metrics:*"} : call.words.front();
  const auto folder = state_path_of(call.config);
  const auto answer = ask_serve(folder, "GET", "/api/v1/counters?match=" + encode_segment(pattern));
  if (answer && answer->status == 200)
    return store_of_serve_is_up(folder) ? print_counters(answer->body, call.json) : fail_without_store();
  if (const auto why = why_no_counters(call.config))
    return fail(*why);
  short_engine host{call.config};
  host->flush(std::chrono::seconds{1});
  auto found = host->read_matching(pattern);
  const bool all_known = std::all_of(found.readings.begin(), found.readings.end(), [](const counter_reading& one) {
    return one.source != counter_source::ledger || one.as_of;
  });
  if (found.error != fault::none || !all_known || !host->status().store.up || !add_foreign(*host, pattern, found))
    return fail_without_store();
  return print_counters(readings_json(found), call.json);
}

exit_status run_get(invocation& call) {
  if (call.words.size() != 1)
    return refuse_usage("get takes one key");
  const auto& key = call.words.front();
  if (!is_readable_key(key))
    return refuse_usage("key '" + printable(key, 80) + "' is not accepted: 1 to 200 bytes without blanks and braces are");
  const auto answer = ask_serve(state_path_of(call.config), "GET", "/api/v1/counters/" + encode_segment(key));
  if (answer && answer->status == 200)
    return print_counter(answer->body, call.json);
  if (answer && answer->status == status_no_integer)
    return fail_without_integer(key);
  if (const auto why = why_no_counters(call.config))
    return fail(*why);
  short_engine host{call.config};
  host->flush(std::chrono::seconds{1});
  const auto reading = host->read(key);
  return reading.is_integer ? print_counter(reading_json(reading), call.json) : fail_without_integer(key);
}

exit_status run_incr(invocation& call) {
  if (call.words.empty() || call.words.size() > 2)
    return refuse_usage("incr takes a key and, if it is not 1, an amount");
  const auto& key = call.words.front();
  if (const auto why = fault_of_counter_key(key))
    return refuse_usage("key '" + printable(key, 80) + "' is not accepted: " + std::string{explain(*why)});
  const auto text = call.words.size() == 2 ? call.words[1] : std::string{"1"};
  std::int64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc{} || end != text.data() + text.size())
    return refuse_usage("amount '" + text + "' is not accepted; accepted: a whole number of 64 bits");
  const auto folder = state_path_of(call.config);
  const auto answer = ask_serve(folder, "POST", "/control/incr/" + encode_segment(key) + '/' + std::to_string(amount));
  if (answer && answer->status == 200)
    return exit_status::done;
  if (!answer && answer.error() == no_answer::silent)
    return fail("the running serve took the increment and did not answer: it may have been counted, look before repeating");
  if (answer && answer->status != status_not_kept)
    return fail("the running serve refused the increment with status " + std::to_string(answer->status)
                + "; nothing was counted");
  // A ledger of our own, which the next engine on this folder adopts.
  if (folder.empty())
    return fail("there is no state folder to keep the increment in; give --state-dir");
  const auto ledger = counter_ledger::open(folder + "/ledgers", 1, 1, counted_store(call.config));
  if (!ledger->durable())
    return fail("the increment cannot be kept: " + ledger->why_anonymous());
  ledger->add(key, amount);
  return exit_status::done;
}

} // namespace holdfast::app
