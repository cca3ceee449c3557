#define CAF_SUITE fetcher_refusal

#include <fstream>
#include <sstream>

#include "tests/support/fetcher_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view key = "planted-key";

struct fetcher_refusal_fixture : fetcher_fixture {
  std::string kept_file() const {
    std::ostringstream text;
    text << std::ifstream{folder.file("refused.json")}.rdbuf();
    return text.str();
  }
  bool sent_key(std::size_t request) const {
    const auto& headers = transfer->requests.at(request).headers;
    return std::find(headers.begin(), headers.end(), std::pair{std::string{"X-MBX-APIKEY"}, std::string{key}}) != headers.end();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_refusal_tests, fetcher_refusal_fixture)

CAF_TEST(an implausible table is refused and kept for an operator and the mirrors are not asked for more of it) {
  start();
  always(answered(200, body_of(5)));
  const auto outcome = fetch(table_of(2000));
  CAF_CHECK(outcome.failure == fault::table_refused);
  CAF_CHECK(!outcome.answer.table);
  CAF_CHECK_EQUAL(asked(), 1u);
  CAF_CHECK_EQUAL(counted["table_refused:spot_shrunk"], 1);
  CAF_CHECK(kept_file().starts_with("{\"reason\":\"shrunk\""));
  CAF_CHECK(kept_file().find("S4USDT") != std::string::npos);
  const auto refused = memory->take_refused();
  CAF_REQUIRE(refused);
  CAF_CHECK_EQUAL(refused->table->listed().size(), 5u);
  CAF_CHECK_EQUAL(refused->table->size(), 2000u); // the others are gone in it, and can be priced

  CAF_CHECK(!memory->take_refused());
}

CAF_TEST(a good table forgets the refused one) {
  start();
  in_turn({answered(200, body_of(5)), answered(200, body_of(1900))});
  fetch(table_of(2000));
  CAF_CHECK(memory->facts().refused);
  CAF_CHECK(fetch(table_of(2000)).failure == fault::none);
  CAF_CHECK(!memory->facts().refused);
  CAF_CHECK_EQUAL(memory->facts().refusals, 1u);
}

CAF_TEST(an empty list is told as such when no url has a better one) {
  start();
  in_turn({answered(200, "{\"symbols\":[]}"), failing(transfer_failure_kind::unreachable)});
  const auto outcome = fetch(table_of(20));
  CAF_CHECK(outcome.failure == fault::table_refused);
  CAF_CHECK_EQUAL(asked(), 3u);
}

CAF_TEST(a spot time that goes back and ticks of zero are refused) {
  start();
  const auto before = fetch().answer.table;
  always(answered(200, body_of(20, "", 1'780'000'000'000)));
  CAF_CHECK(fetch(before).failure == fault::table_refused);
  CAF_CHECK_EQUAL(counted["table_refused:spot_server_time_went_back"], 1);
  always(answered(200, body_of(20, R"(,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.00"}])")));
  CAF_CHECK(fetch(before).failure == fault::table_refused);
  CAF_CHECK_EQUAL(counted["table_refused:spot_zero_rules"], 1);
}

CAF_TEST(the key is sent to the first url alone and nowhere in a url) {
  settings.api_key = key;
  start();
  in_turn({answered(500, ""), answered(500, ""), answered(200, body_of(20))});
  CAF_CHECK(fetch().answer.source == symbols_source::public_api);
  CAF_REQUIRE_EQUAL(asked(), 3u);
  CAF_CHECK(sent_key(0));
  CAF_CHECK(!sent_key(1));
  CAF_CHECK(!sent_key(2));
  CAF_CHECK_EQUAL(transfer->requests[0].url, transfer->requests[1].url);
  for (const auto& url : urls_asked())
    CAF_CHECK(url.find(key) == std::string::npos);
  always(answered(200, body_of(20)));
  CAF_CHECK(fetch().answer.source == symbols_source::private_api);
}

CAF_TEST(a key that is refused rests for ten minutes while the public path serves at once) {
  const std::vector<transfer_result> refusals{
    answered(401, ""),
    answered(403, "<html>"),
    answered(400, R"({"code":-2014,"msg":"API-key format invalid."})"),
    answered(401, R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})"),
    answered(400, R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})"),
    answered(200, R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})"),
  };
  settings.api_key = key;
  for (const auto& refusal : refusals) {
    start();
    transfer->requests.clear();
    in_turn({refusal, answered(200, body_of(20))});
    CAF_CHECK(fetch().answer.source == symbols_source::public_api);
    CAF_CHECK_EQUAL(asked(), 2u);
    CAF_CHECK(memory->facts().key_refused_until == clock->boot_now() + 10min);
    advance(9min);
    respawn(); // a crash does not bring the storm back
    CAF_CHECK(fetch().answer.source == symbols_source::public_api);
    CAF_CHECK_EQUAL(asked(), 3u);
    advance(1min);
    CAF_CHECK(fetch().answer.source == symbols_source::private_api);
    CAF_CHECK(!memory->facts().key_refused_until);
  }
}

CAF_TEST(the same answers without a key say nothing about the key) {
  start();
  always(answered(403, "<html>"));
  CAF_CHECK(fetch().failure == fault::fetch_failed);
  CAF_CHECK(memory->facts().key_refusal.empty());
}

CAF_TEST(a key that the exchange sends back is in no text of ours) {
  settings.api_key = key;
  start();
  always(answered(401, R"({"code":-2015,"msg":"Invalid API-key planted-key, request ip: 1.2.3.4, planted-key"})"));
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::fetch_failed);
  CAF_CHECK(outcome.detail.find(key) == std::string::npos);
  CAF_CHECK(memory->facts().key_refusal.find("[key]") != std::string::npos);
  CAF_CHECK(memory->facts().key_refusal.find(key) == std::string::npos);
}

CAF_TEST(what the exchange says is bounded and escaped) {
  start();
  always(answered(500, "{\"code\":-1000,\"msg\":\"line\\nbreak \\u001b[31m " + std::string(5000, 'x') + "\"}"));
  const auto outcome = fetch();
  CAF_CHECK(outcome.detail.size() < 300);
  CAF_CHECK(outcome.detail.find("line\\x0abreak \\x1b[31m") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
