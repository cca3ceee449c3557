// What the fetcher knows beside the list before it: what it asked for, what an operator accepted, what it believed last.
#define CAF_SUITE fetcher_gate

#include <fstream>
#include <sstream>

#include "runtime/symbol_diff.hpp"
#include "tests/support/fetcher_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t first_time = 1'790'000'000'000;

std::string filters(const std::string& tick) {
  return R"(,"filters":[{"filterType":"PRICE_FILTER","tickSize":")" + tick + R"("}])";
}

struct fetcher_gate_fixture : fetcher_fixture {
  // As an engine does once the cache has taken it.
  symbol_table_ptr accept() {
    const auto refused = memory->facts().refused;
    CAF_REQUIRE(refused);
    memory->accepted(*refused, settings.gate.pinned);
    return refused->table;
  }
  bool believes(const symbol_table_ptr& baseline) { return fetch(baseline).failure == fault::none; }
  std::string kept_file() const {
    std::ostringstream text;
    text << std::ifstream{folder.file("refused.json")}.rdbuf();
    return text.str();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_gate_tests, fetcher_gate_fixture)

CAF_TEST(a list that was asked for without permission sets costs no permission and changes no rule) {
  const auto body = [](const std::string& sets) {
    return body_of(20, R"(,"permissions":[],"permissionSets":)" + sets);
  };
  start();
  always(answered(200, body(R"([["SPOT","MARGIN"]])")));
  const auto before = fetch().answer.table;
  CAF_REQUIRE(!before->find("S0USDT")->permits("LEVERAGED"));
  transfer->answer = [&](const http_request& request) {
    return request.url.ends_with("?showPermissionSets=false") ? transfer_result{answered(200, body("[]"))}
                                                              : failing(transfer_failure_kind::too_large);
  };
  for (int i = 0; i < 2; ++i) {
    const auto after = fetch(before).answer.table;
    CAF_REQUIRE(after);
    CAF_CHECK(!after->find("S0USDT")->permits("LEVERAGED"));
    CAF_CHECK(after->find("S0USDT")->permits("SPOT"));
    CAF_CHECK(symbol_diff::between(before, after).rules_changed.empty());
    CAF_CHECK_EQUAL(after->content_hash(), before->content_hash());
  }
  // A whole list that names none any more means it.
  advance(25h);
  always(answered(200, body("[]")));
  CAF_CHECK(fetch(before).answer.table->find("S0USDT")->permits("LEVERAGED"));
}

CAF_TEST(a pinned symbol that is missing is refused until an operator lets it go) {
  settings.gate.pinned = {"S19USDT"};
  start();
  const auto whole = fetch().answer.table;
  always(answered(200, body_of(19)));
  CAF_CHECK(!believes(whole));
  CAF_CHECK_EQUAL(counted["table_refused:spot_pinned_missing"], 1);
  CAF_CHECK(believes(accept()));
  CAF_CHECK(!memory->facts().refused);
}

CAF_TEST(what an operator let go stays so without a trace of it in the lists and after a restart) {
  settings.gate.pinned = {"NEVERUSDT", "S1USDT"};
  settings.keep_gone = 0s;
  start();
  CAF_CHECK(!believes(nullptr)); // the first list of all
  const auto accepted = accept();
  CAF_CHECK(!accepted->find("NEVERUSDT"));
  CAF_CHECK(believes(accepted));
  start();
  CAF_CHECK(believes(accepted));
  exchange_memory sibling{"", clock_ptr{clock}, false, folder.file("accepted.json")};
  CAF_CHECK_EQUAL(sibling.gate_for(settings.gate, nullptr).pinned, std::vector<std::string>{"S1USDT"});
}

CAF_TEST(a pinned symbol that another process let go is missed all the same) {
  settings.gate.pinned = {"S19USDT"};
  start();
  // That process pins nothing: its list has the symbol as gone.
  const auto followed = merge_gone(fetch().answer.table, read_exchange_info(body_of(19), {})->table, clock->wall_now(), {});
  CAF_REQUIRE(followed->find("S19USDT")->status == symbol_status::gone);
  always(answered(200, body_of(19)));
  CAF_CHECK(!believes(followed));
}

CAF_TEST(a pinned symbol that was let go and is there again is pinned again) {
  settings.gate.pinned = {"S19USDT"};
  start();
  always(answered(200, body_of(19)));
  CAF_CHECK(!believes(nullptr));
  const auto without = accept();
  always(answered(200, body_of(20)));
  const auto whole = fetch(without).answer.table;
  CAF_REQUIRE(whole);
  always(answered(200, body_of(19)));
  CAF_CHECK(!believes(whole));
}

CAF_TEST(what a sibling on the folder accepted is seen at the next fetch) {
  settings.gate.pinned = {"S19USDT"};
  start();
  always(answered(200, body_of(19)));
  CAF_CHECK(!believes(nullptr));
  exchange_memory sibling{"", clock_ptr{clock}, false, folder.file("accepted.json")};
  sibling.accepted(*memory->facts().refused, settings.gate.pinned);
  CAF_CHECK(believes(nullptr));
}

CAF_TEST(a spot time goes on though the content stays and may not go back behind it) {
  start();
  advance(10min);
  const auto before = fetch().answer.table;
  always(answered(200, body_of(20, "", first_time + 600'000)));
  CAF_CHECK(believes(before)); // the cache keeps the table that it has: the content is the same
  always(answered(200, body_of(20, "", first_time + 300'000)));
  CAF_CHECK(!believes(before));
  CAF_CHECK_EQUAL(counted["table_refused:spot_server_time_went_back"], 1);
  always(answered(200, body_of(20, "", first_time + 600'000)));
  CAF_CHECK(believes(before));
}

CAF_TEST(a time that an operator accepted is the exchanges though the list with the wrong one hangs on) {
  start();
  advance(10min);
  always(answered(200, body_of(20, "", first_time + 600'000)));
  const auto wrong = fetch().answer.table;
  always(answered(200, body_of(20, "", first_time)));
  CAF_CHECK(!believes(wrong));
  accept();
  always(answered(200, body_of(20, "", first_time + 60'000)));
  CAF_CHECK(believes(wrong));
  start();
  always(answered(200, body_of(20, "", first_time + 120'000)));
  CAF_CHECK(believes(wrong));
  always(answered(200, body_of(20, "", first_time + 60'000)));
  CAF_CHECK(!believes(wrong));
}

CAF_TEST(a mirror whose clock is a day ahead makes no true list one from the past) {
  start();
  always(answered(200, body_of(20, "", first_time + 86'400'000)));
  const auto ahead = fetch().answer.table;
  CAF_REQUIRE(ahead);
  advance(5min);
  always(answered(200, body_of(20, "", first_time + 300'000)));
  CAF_CHECK(believes(ahead)); // which hangs on: the content is the same
  always(answered(200, body_of(20, "", first_time + 299'999)));
  CAF_CHECK(!believes(ahead));
  start(); // a sibling, or the next process
  always(answered(200, body_of(20, "", first_time + 300'000)));
  CAF_CHECK(believes(ahead));
}

CAF_TEST(one tick of zero among many is not traded on and is counted) {
  start();
  always(answered(200, body_of(200, filters("0.01"))));
  auto table = fetch().answer.table;
  always(answered(200, body_of(200, filters("0.00"))));
  for (int i = 1; i <= 2; ++i) {
    const auto after = fetch(table).answer.table;
    CAF_REQUIRE(after);
    CAF_CHECK_EQUAL(after->find("S0USDT")->tick_size.text(), "0.01");
    CAF_CHECK_EQUAL(after->content_hash(), table->content_hash());
    CAF_CHECK_EQUAL(counted["rules_kept:spot"], i);
    table = after;
  }
  always(answered(200, body_of(200, filters("0.02"))));
  const auto changed = fetch(table).answer.table;
  CAF_CHECK_EQUAL(changed->find("S0USDT")->tick_size.text(), "0.02");
  CAF_CHECK_EQUAL(counted["rules_kept:spot"], 2);
}

CAF_TEST(a table is as old as its question) {
  start();
  transfer->answer = [this](const http_request&) {
    clock->advance(3s);
    return transfer_result{answered(200, body_of(20))};
  };
  const auto asked_at = clock->wall_now();
  const auto asked_boot = clock->boot_now();
  const auto outcome = fetch();
  CAF_REQUIRE(outcome.answer.table);
  CAF_CHECK(outcome.answer.fetched_at == asked_at);
  CAF_CHECK(outcome.answer.fetched_boot == asked_boot);
}

CAF_TEST(an empty list that was refused is kept and told) {
  start();
  always(answered(200, "{\"symbols\":[]}"));
  CAF_CHECK(!believes(nullptr));
  CAF_CHECK(kept_file().starts_with("{\"reason\":\"empty\""));
  const auto refused = memory->facts().refused;
  CAF_REQUIRE(refused);
  CAF_CHECK(refused->verdict.reason == gate_reason::empty);
  CAF_CHECK(!refused->verdict.detail.empty());
  CAF_CHECK(refused->table != nullptr);
}

CAF_TEST_FIXTURE_SCOPE_END()
