#include <algorithm>
#include <array>

#include "apps/holdfast/doctor.hpp"
#include "apps/holdfast/status_reading.hpp"
#include "runtime/market.hpp"

namespace holdfast::app {

namespace {

using rapidjson::Value;

// What is wrong with one part of a serve, or that nothing is.
class report {
public:
  report(findings& found, std::string what) : found_{found}, what_{std::move(what)} {}

  void wrong(finding_level level, std::string seen, std::string advice) {
    found_.push_back({level, what_, std::move(seen), std::move(advice)});
    good_ = false;
  }
  void warn(std::string seen, std::string advice) { wrong(finding_level::warning, std::move(seen), std::move(advice)); }
  void fail(std::string seen, std::string advice) { wrong(finding_level::failure, std::move(seen), std::move(advice)); }
  void otherwise(std::string seen) {
    if (good_)
      found_.push_back({finding_level::ok, what_, std::move(seen), {}});
  }

private:
  findings& found_;
  std::string what_;
  bool good_ = true;
};

bool says(const Value& of, const char* name) {
  const auto& value = part(of, name);
  return value.IsString() && value.GetStringLength() > 0;
}

void check_served_list(const Value& status, const std::string& name, findings& found) {
  const auto& market = part(part(status, "markets"), name.c_str());
  const bool fails = says(part(part(status, "fetchers"), name.c_str()), "last_error");
  const auto level = fails ? finding_level::failure : finding_level::warning;
  const auto advice = fails
                          ? "mend what its fetcher tells below"
                          : "look again: without --" + name + "-warmup-interval a list is as old as the last question";
  report list{found, "serve " + name + " list"};
  if (text(market, "source") == "none")
    list.wrong(level, "there is none yet", advice);
  else if (is_true(market, "stale"))
    list.wrong(level,
               "stale, from " + text(market, "source")
                   + (part(market, "age").IsInt64() ? ", " + text(market, "age") + " s old" : ""),
               advice);
  if (is_true(market, "store_foreign"))
    list.fail("the store holds lists of another configuration",
              "give every exchange and choice of quote assets a store of its own");
  list.otherwise("fresh, " + text(market, "count") + " symbols");
}

void check_fetcher(const Value& status, const std::string& name, findings& found) {
  const auto& fetcher = part(part(status, "fetchers"), name.c_str());
  const auto circuit = text(fetcher, "circuit");
  const bool down = text(fetcher, "state") == "down";
  report told{found, "serve " + name + " fetcher"};
  if (part(fetcher, "embargo_for").IsInt64())
    told.warn("asks nothing for another " + text(fetcher, "embargo_for") + " s",
              text(fetcher, "embargo_cause") == "own_share"
                  ? "something else on this address asks too much; it goes on in the next minute"
                  : "the exchange forbids it: wait, and do not restart");
  if (down || circuit != "closed")
    told.fail((down ? "down" : "circuit " + circuit)
                  + (says(fetcher, "last_error") ? ": " + text(fetcher, "last_error") : ""),
              "check network, proxy and --" + name + "-urls; it goes on by itself once the exchange answers");
  else if (says(fetcher, "last_error"))
    told.warn("the last fetch failed: " + text(fetcher, "last_error"), "it is tried again; look whether that helps");
  if (text(fetcher, "key") == "refused")
    told.warn("the exchange refuses the API key: " + text(fetcher, "key_refusal"),
              "correct the key or leave it out; the public path serves meanwhile");
  if (const auto& refused = part(fetcher, "refused"); refused.IsObject())
    told.fail("a list of " + text(refused, "count") + " symbols is not believed: " + text(refused, "reason") + ' '
                  + text(refused, "detail"),
              "look at refused_" + name + ".json in the state folder; if it is right, holdfast symbols " + name
                  + " --accept");
  told.otherwise(text(fetcher, "state") + ", " + text(fetcher, "fetches") + " fetches, " + text(fetcher, "failures")
                 + " failed");
}

void check_served_store(const Value& status, findings& found) {
  const auto& store = part(status, "store");
  const auto kind = text(store, "kind");
  const bool redis = kind == "redis";
  const auto why = says(store, "last_error") ? ": " + text(store, "last_error") : "";
  report told{found, "serve store"};
  if (!is_true(store, "up"))
    told.fail(kind + " is away" + why,
              redis ? "start Redis, or see what it says about this user; counters wait in the ledger"
                    : "see what is wrong with store.sqlite in the state folder; counters wait in the ledger");
  else if (part(store, "takes_writes").IsFalse())
    told.fail(
        kind + " takes no writes" + why,
        redis ? "make room in its memory and on its disk, see that it is no replica and what its ACL lets this user write; counters wait in the ledger"
              : "make room on the disk of the state folder; counters wait in the ledger");
  told.otherwise(kind + " is up");
}

std::string first_of(const Value& list) {
  return list.IsArray() && !list.Empty() && list[0].IsString()
             ? std::string{": "} + list[0].GetString() + (list.Size() > 1 ? " and others" : "")
             : "";
}

void check_ledger(const Value& status, findings& found) {
  const auto& ledger = part(status, "ledger");
  report told{found, "serve ledger"};
  if (!is_true(ledger, "durable"))
    told.fail(
        "in memory only" + (says(status, "state_problem") ? ": " + text(status, "state_problem") : ""),
        "make the state folder writable and restart serve: what the store does not have yet is lost with the process");
  if (number(ledger, "set_aside_rows") > 0)
    told.warn(text(ledger, "set_aside_rows") + " counters wait, the store refuses them"
                  + first_of(part(ledger, "set_aside")),
              "see with TYPE and GET what the key holds; rename it, and what was counted follows within a minute");
  if (number(ledger, "overflow") > 0)
    told.warn(text(ledger, "overflow") + " increments have no row of their own; " + text(ledger, "rows") + " of "
                  + text(ledger, "capacity") + " rows are taken",
              "raise --ledger-capacity where all are taken; else the log names the key that is not valid");
  if (says(ledger, "capped_type"))
    told.warn("type " + text(ledger, "capped_type") + " has all the rows that one type may have",
              "count fewer contexts of it, or raise --ledger-capacity");
  if (number(status, "names_left_out") > 0)
    told.warn(text(status, "names_left_out") + " values from outside are counted without their name",
              "nothing can be done where the exchange sends so many");
  told.otherwise(text(ledger, "rows") + " of " + text(ledger, "capacity") + " rows, " + text(ledger, "pending_rows")
                 + " to be merged");
}

void check_history(const Value& status, findings& found) {
  const auto& history = part(status, "history");
  report told{found, "serve history"};
  if (says(history, "last_error"))
    told.warn(
        (is_true(history, "kept") ? "cannot be written: " : "cannot be opened: ") + text(history, "last_error"),
        "make room for history.sqlite in the state folder, or see that it can be written; until then there is a gap");
  if (number(history, "left_out") > 0)
    told.warn(text(history, "left_out") + " counters have none: it takes " + text(history, "series"),
              "count fewer names");
  told.otherwise(is_true(history, "kept") ? text(history, "series") + " counters" : "none is kept");
}

// What is told of these is from before, or nothing: it is not judged.
void check_silent(const Value& status, findings& found) {
  const auto is_late = [&](const char* name) { return is_silent(status, name); };
  constexpr std::array vital{"cache", "fetchers", "ledger", "store"};
  const auto level = std::any_of(vital.begin(), vital.end(), is_late) ? finding_level::failure : finding_level::warning;
  if (const auto silent = silent_parts(status); !silent.empty())
    found.push_back({level, "serve", "nobody answers for: " + silent,
                     "see its log; where it is still so in a minute, restart serve, which loses nothing that is on disk"});
}

} // namespace

void check_status(const std::string& json, findings& found) {
  rapidjson::Document status;
  status.Parse(json.c_str());
  if (!status.IsObject() || !status.HasMember("markets")) {
    found.push_back(
        {finding_level::failure, "serve", "its answer is no status", "see that it has the version of this program"});
    return;
  }
  check_silent(status, found);
  for (const auto which : all_markets) {
    check_served_list(status, std::string{to_string(which)}, found);
    if (!is_silent(status, "fetchers"))
      check_fetcher(status, std::string{to_string(which)}, found);
  }
  if (!is_silent(status, "store"))
    check_served_store(status, found);
  if (!is_silent(status, "ledger"))
    check_ledger(status, found);
  if (!is_silent(status, "history"))
    check_history(status, found);
}

} // namespace holdfast::app
