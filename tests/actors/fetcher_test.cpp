#define CAF_SUITE fetcher

#include "tests/support/runtime_captured_log.hpp"

#include "tests/support/fetcher_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

const std::string one = "https://one.test/api/v3/exchangeInfo";
const std::string two = "https://two.test/api/v3/exchangeInfo";

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_tests, fetcher_fixture)

CAF_TEST(a good answer of the first url is a validated table and the mirrors are left alone) {
  start();
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::none);
  CAF_CHECK_EQUAL(outcome.answer.table->size(), 20u);
  CAF_CHECK(outcome.answer.source == symbols_source::public_api);
  CAF_CHECK(outcome.answer.fetched_boot == clock->boot_now());
  CAF_CHECK_EQUAL(urls_asked(), std::vector<std::string>{one});
}

CAF_TEST(futures have a path of their own) {
  settings.which = market::futures;
  start();
  fetch();
  CAF_CHECK_EQUAL(urls_asked(), std::vector<std::string>{"https://one.test/fapi/v1/exchangeInfo"});
}

CAF_TEST(slashes at the end of a url are no part of it and an empty url is none) {
  settings.urls = {"", "https://one.test///"};
  start();
  fetch();
  CAF_CHECK_EQUAL(urls_asked(), std::vector<std::string>{one});
}

CAF_TEST(a table in which nothing is quoted in what is wanted is believed and one warning that names it) {
  const captured_log log;
  settings.rules.quote_assets = {"USDX", "USDY"};
  start();
  for (int i = 0; i < 3; ++i) {
    const auto outcome = fetch();
    CAF_REQUIRE(outcome.answer.table != nullptr);
    CAF_CHECK_EQUAL(outcome.answer.table->size(), 20u);
    CAF_CHECK(outcome.answer.table->listed().empty());
    CAF_CHECK_EQUAL(outcome.detail, "none of 20 symbols is listed: 20 are in TRADING, none of them quoted in USDX,USDY");
  }
  CAF_CHECK_EQUAL(log.warnings(), 1);
  CAF_CHECK_EQUAL(log.warnings("no symbol is listed market=spot symbols=20 trading=20 quote_assets=\"USDX,USDY\""), 1);
}

CAF_TEST(a table with anything listed is told without a word) {
  const captured_log log;
  settings.rules.quote_assets = {"USDX", "USDT"};
  start();
  CAF_CHECK_EQUAL(fetch().detail, "");
  CAF_CHECK_EQUAL(log.warnings(), 0);
}

CAF_TEST(without any url a fetch fails and says why) {
  settings.urls = {};
  settings.api_key = "planted-key";
  start();
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::fetch_failed);
  CAF_CHECK_EQUAL(outcome.detail, "no URL of the exchange is configured");
}

CAF_TEST(whatever one url answers badly the next one is tried) {
  start();
  const std::vector<transfer_result> bad{
    answered(500, "{\"code\":-1000,\"msg\":\"An unknown error occurred.\"}"),
    answered(502, "<html>Bad Gateway</html>"),
    answered(403, "<html>Forbidden</html>"),
    answered(451, "{\n  \"code\": 0,\n  \"msg\": \"restricted location\"\n}"),
    answered(200, "<html><body>maintenance</body></html>"),
    answered(200, "{}"),
    answered(200, ""),
    answered(200, "{\"symbols\":[]}"),
    answered(200, "{\"code\":-1000,\"msg\":\"unknown\"}"),
    answered(200, body_of(20).substr(0, 500)),
    answered(204, ""),
    failing(transfer_failure_kind::timeout),
    failing(transfer_failure_kind::unreachable),
    failing(transfer_failure_kind::broken),
  };
  for (const auto& answer : bad) {
    transfer->requests.clear();
    in_turn({answer, answered(200, body_of(20))});
    CAF_CHECK(fetch().failure == fault::none);
    CAF_CHECK_EQUAL(urls_asked(), (std::vector<std::string>{one, two}));
  }
}

CAF_TEST(a cancelled transfer is the end of the fetch) {
  start();
  in_turn({failing(transfer_failure_kind::cancelled)});
  CAF_CHECK(fetch().failure == fault::fetch_failed);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(a url that takes its whole time leaves time for the others) {
  start();
  std::vector<std::chrono::milliseconds> timeouts;
  transfer->answer = [&](const http_request& request) {
    timeouts.push_back(request.timeout);
    clock->advance(request.timeout);
    return failing(transfer_failure_kind::timeout);
  };
  const auto begin = clock->boot_now();
  CAF_CHECK(fetch().failure == fault::fetch_failed);
  CAF_CHECK_EQUAL(timeouts, (std::vector<std::chrono::milliseconds>{5000ms, 2500ms, 2500ms}));
  CAF_CHECK(clock->boot_now() - begin <= 10s);
}

CAF_TEST(a fetch with little time is still tried once and one with none is not) {
  start();
  const auto fetch_within = [&](std::chrono::nanoseconds time) {
    return ask<fetch_outcome>(under_test, fetch_symbols{nullptr, clock->boot_now() + time})->failure;
  };
  CAF_CHECK(fetch_within(100ms) == fault::none);
  CAF_CHECK_EQUAL(transfer->requests.front().timeout, 100ms);
  CAF_CHECK(fetch_within(0ms) == fault::fetch_failed);
  CAF_CHECK(fetch_within(-1s) == fault::fetch_failed);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(a body above the limit is asked for without permission sets and this is remembered) {
  start();
  transfer->answer = [](const http_request& request) {
    return request.url.ends_with("?showPermissionSets=false") ? transfer_result{answered(200, body_of(20))}
                                                              : failing(transfer_failure_kind::too_large);
  };
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(urls_asked(), (std::vector<std::string>{one, one + "?showPermissionSets=false"}));
  transfer->requests.clear();
  respawn();
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(urls_asked(), std::vector<std::string>{one + "?showPermissionSets=false"});
  transfer->requests.clear();
  advance(25h);
  CAF_CHECK(fetch().failure == fault::none);
  CAF_CHECK_EQUAL(asked(), 2u);
}

CAF_TEST(what is too large even without permission sets is a failure of every url) {
  start();
  in_turn({failing(transfer_failure_kind::too_large)});
  CAF_CHECK(fetch().failure == fault::fetch_failed);
  CAF_CHECK_EQUAL(asked(), 4u);
}

CAF_TEST(futures are not asked for less) {
  settings.which = market::futures;
  start();
  in_turn({failing(transfer_failure_kind::too_large)});
  fetch();
  CAF_CHECK_EQUAL(asked(), 3u);
}

CAF_TEST(an exception of a transfer is a crash) {
  start();
  transfer->answer = [](const http_request&) -> transfer_result { throw std::runtime_error{"scripted crash"}; };
  CAF_CHECK(!ask<fetch_outcome>(under_test, fetch_symbols{nullptr, clock->boot_now() + 10s}));
  CAF_CHECK(error);
}

CAF_TEST(names that are not known are counted once per fetch and nothing is dropped for them) {
  start();
  const auto body = body_of(20, R"(,"status":"FROZEN","contractType":"ODD ONE","newField":1,"filters":[{"filterType":"NEW_RULE"},{"filterType":"NEW_RULE"}])");
  in_turn({answered(500, body), answered(200, body)});
  const auto outcome = fetch();
  CAF_REQUIRE(outcome.answer.table);
  CAF_CHECK_EQUAL(outcome.answer.table->size(), 20u);
  CAF_CHECK_EQUAL(outcome.answer.table->find("S0USDT")->status_text, "FROZEN");
  for (const auto* name : {"schema_unknown:status.FROZEN", "schema_unknown:contract_type.ODD ONE",
                           "schema_unknown:field.newField", "schema_unknown:filter.NEW_RULE"})
    CAF_CHECK_EQUAL(counted[name], 1);
  fetch();
  CAF_CHECK_EQUAL(counted["schema_unknown:status.FROZEN"], 2);
  const auto facts = memory->facts();
  CAF_CHECK_EQUAL(facts.unknown.size(), 4u);
  CAF_CHECK_EQUAL(facts.unknown.front().count, 2u);
}

CAF_TEST(a symbol that vanished stays as gone for its time and comes back) {
  settings.keep_gone = std::chrono::hours{24};
  start();
  const auto whole = fetch().answer.table;
  always(answered(200, body_of(19)));
  auto table = fetch(whole).answer.table;
  CAF_REQUIRE(table && table->find("S19USDT"));
  CAF_CHECK(table->find("S19USDT")->status == symbol_status::gone);
  CAF_CHECK_EQUAL(table->listed().size(), 19u);
  advance(25h);
  table = fetch(table).answer.table;
  CAF_CHECK(!table->find("S19USDT"));
  always(answered(200, body_of(20)));
  CAF_CHECK(fetch(table).answer.table->find("S19USDT")->trading());
}

CAF_TEST_FIXTURE_SCOPE_END()
