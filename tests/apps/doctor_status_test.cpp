#define CAF_SUITE doctor_status

#include <algorithm>
#include <string>
#include <vector>

#include "apps/holdfast/doctor.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using app::finding_level;

namespace {

const std::string market = R"({"source":"public_api","stale":false,"age":5,"count":3,"store_foreign":false})";
const std::string fetcher = R"({"state":"running","circuit":"closed","fetches":9,"failures":0,"last_error":"",)"
                            R"("embargo_for":null,"embargo_cause":"","key":"usable","key_refusal":"","refused":null})";
const std::string sound = R"({"markets":{"spot":)" + market + R"(,"futures":)" + market + R"(},"fetchers":{"spot":)"
                          + fetcher + R"(,"futures":)" + fetcher
                          + R"(},"store":{"kind":"redis","up":true,"takes_writes":true,"last_error":""},)"
                            R"("ledger":{"rows":1,"capacity":4096,"pending_rows":0,"set_aside_rows":0,"overflow":0,)"
                            R"("capped_type":"","durable":true,"set_aside":[]},)"
                            R"("history":{"kept":true,"series":1,"left_out":0,"last_error":""},)"
                            R"("names_left_out":0,"state_problem":""})";

app::findings found_in(const std::string& status) {
  app::findings found;
  app::check_status(status, found);
  return found;
}

// The first place where it stands: that of the spot market, or of the store where it is none of a market.
std::string changed(const std::string& from, const std::string& to, std::size_t after = 0) {
  auto status = sound;
  const auto at = status.find(from, after);
  CAF_REQUIRE(at != std::string::npos);
  return status.replace(at, from.size(), to);
}

struct change {
  std::string from;
  std::string to;
  std::string what; // the one finding that is not ok
  finding_level level;
  std::string seen; // in its words
};

void check(const std::string& status, const change& expected) {
  std::size_t wrong = 0;
  for (const auto& one : found_in(status)) {
    if (one.level == finding_level::ok)
      continue;
    ++wrong;
    CAF_CHECK_EQUAL(one.what, expected.what);
    CAF_CHECK(one.level == expected.level);
    CAF_CHECK(one.seen.find(expected.seen) != std::string::npos);
    CAF_CHECK(!one.advice.empty());
  }
  CAF_CHECK_EQUAL(wrong, 1u);
}

} // namespace

CAF_TEST(a sound status has one good finding for each part) {
  const auto found = found_in(sound);
  CAF_CHECK_EQUAL(found.size(), 7u);
  for (const auto& one : found)
    CAF_CHECK(one.level == finding_level::ok);
}

CAF_TEST(each trouble of a serve is one finding of its part with an advice) {
  const auto failure = finding_level::failure;
  const auto warning = finding_level::warning;
  const std::vector<change> changes{
      {R"("source":"public_api")", R"("source":"none")", "serve spot list", warning, "none yet"},
      {R"("stale":false)", R"("stale":true)", "serve spot list", warning, "stale, from public_api, 5 s old"},
      {R"("store_foreign":false)", R"("store_foreign":true)", "serve spot list", failure, "another configuration"},
      {R"("circuit":"closed")", R"("circuit":"open")", "serve spot fetcher", failure, "circuit open"},
      {R"("circuit":"closed")", R"("circuit":"half_open")", "serve spot fetcher", failure, "circuit half_open"},
      {R"("state":"running")", R"("state":"down")", "serve spot fetcher", failure, "down"},
      {R"("last_error":"")", R"("last_error":"HTTP 500")", "serve spot fetcher", warning, "HTTP 500"},
      {R"("embargo_for":null)", R"("embargo_for":77)", "serve spot fetcher", warning, "for another 77 s"},
      {R"("key":"usable")", R"("key":"refused")", "serve spot fetcher", warning, "API key"},
      {R"("refused":null)", R"("refused":{"reason":"shrunk","detail":"half","count":7})", "serve spot fetcher", failure,
       "7 symbols"},
      {R"("up":true)", R"("up":false)", "serve store", failure, "redis is away"},
      {R"("takes_writes":true)", R"("takes_writes":false)", "serve store", failure, "redis takes no writes"},
      {R"("durable":true)", R"("durable":false)", "serve ledger", failure, "in memory only"},
      {R"("set_aside_rows":0)", R"("set_aside_rows":2)", "serve ledger", warning, "2 counters wait"},
      {R"("overflow":0)", R"("overflow":5)", "serve ledger", warning, "5 increments"},
      {R"("capped_type":"")", R"("capped_type":"flood")", "serve ledger", warning, "type flood"},
      {R"("names_left_out":0)", R"("names_left_out":3)", "serve ledger", warning, "3 values from outside"},
      {R"("left_out":0,"last_error":"")", R"("left_out":4,"last_error":"")", "serve history", warning, "4 counters"},
      {R"("left_out":0,"last_error":"")", R"("left_out":0,"last_error":"disk is full")", "serve history", warning,
       "disk is full"},
  };
  for (const auto& one : changes)
    check(changed(one.from, one.to), one);
}

CAF_TEST(a list is a failure where its fetcher fails and not where nobody asked yet) {
  auto status = changed(R"("stale":false)", R"("stale":true)");
  const auto at = status.find(R"("last_error":"")");
  status.replace(at, 15, R"("last_error":"HTTP 500")");
  const auto found = found_in(status);
  CAF_REQUIRE_EQUAL(found.front().what, "serve spot list");
  CAF_CHECK(found.front().level == finding_level::failure);
}

CAF_TEST(a store of an older serve that does not tell whether it takes writes is not suspected) {
  const auto found = found_in(changed(R"("takes_writes":true,)", ""));
  CAF_CHECK(std::all_of(found.begin(), found.end(), [](const auto& one) { return one.level == finding_level::ok; }));
}

CAF_TEST(parts that nobody answers for are named and not judged by what stands there) {
  const auto late = changed(R"("history":{"kept":true)", R"("silent":["history"],"history":{"kept":false)");
  check(late, {"", "", "serve", finding_level::warning, "nobody answers for: history"});
  const auto dead = changed(R"("ledger":{)", R"("silent":["ledger","store"],"ledger":{"durable":false,)");
  check(dead, {"", "", "serve", finding_level::failure, "nobody answers for: ledger, store"});
  for (const auto& one : found_in(late))
    CAF_CHECK(one.what != "serve history");
}

CAF_TEST(what is no status is a failure) {
  for (const auto* text : {"", "[]", "{}", "not json"}) {
    const auto found = found_in(text);
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK(found.front().level == finding_level::failure);
  }
}
