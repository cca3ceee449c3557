#define CAF_SUITE simulated_exchange

#include "apps/holdfast/simulated_exchange.hpp"

#include <array>
#include <string>
#include <thread>

#include "runtime/exchange_info.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

using answered = expected<http_answer, transfer_failure>;

struct fixture {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  simulated_exchange_options options;
  http_client client;

  fixture() {
    options.spot_symbols = 300;
    options.futures_symbols = 60;
    options.clock = clock;
  }

  static std::string path_of(market which) {
    return which == market::spot ? "/api/v3/exchangeInfo" : "/fapi/v1/exchangeInfo";
  }
  answered get(const simulated_exchange& exchange, market which = market::spot, const std::string& query = "",
               bool with_key = false, std::chrono::milliseconds timeout = 5s) {
    http_request request{exchange.url() + path_of(which) + query, {}, timeout, 64u << 20};
    if (with_key)
      request.headers.emplace_back("X-MBX-APIKEY", "planted-key");
    return client.get(request);
  }
  int status(const simulated_exchange& exchange, market which = market::spot, const std::string& query = "",
             bool with_key = false) {
    const auto answer = get(exchange, which, query, with_key);
    return answer ? answer->status : 0;
  }
  std::string retry_after(const simulated_exchange& exchange) {
    const auto answer = get(exchange);
    return answer ? std::string{answer->header("retry-after").value_or("")} : std::string{};
  }
  exchange_info read(const simulated_exchange& exchange, market which = market::spot) {
    auto answer = get(exchange, which);
    auto info = read_exchange_info(answer ? answer->body : std::string{}, {{"USDT"}, {"BTC"}});
    return info ? std::move(*info) : exchange_info{};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(simulated_exchange_tests, fixture)

CAF_TEST(both markets are made from a seed with fields of today and names of all kinds) {
  options.spot_symbols = 2500;
  options.futures_symbols = 600;
  simulated_exchange exchange{options};
  for (const auto which : all_markets) {
    const auto info = read(exchange, which);
    CAF_REQUIRE(info.table);
    CAF_CHECK_EQUAL(info.table->size(), which == market::spot ? 2500u : 600u);
    CAF_CHECK_EQUAL(info.bad_symbols, 0u);
    CAF_CHECK(info.unknown.empty());
    CAF_CHECK_EQUAL(info.weight_per_minute.value_or(0), which == market::spot ? 6000 : 2400);
    for (const auto* name : {"BTCUSDT", "币安人生USDT", "1000SHIBUSDT", "4USDT"})
      CAF_CHECK(info.table->find(name) && info.table->find(name)->trading());
    CAF_CHECK(info.table->trading_count() < info.table->size());
    CAF_CHECK(info.table->listed().size() > 200);
  }
  CAF_CHECK(read(exchange, market::futures).table->find("BTCUSDT_270326"));
  const auto body = make_exchange_body(market::futures, 7, 50);
  CAF_CHECK_EQUAL(body.substr(60), make_exchange_body(market::futures, 7, 50).substr(60));
}

CAF_TEST(raw bodies always differ while what matters stays until something changes) {
  simulated_exchange exchange{options};
  const auto first = get(exchange);
  const auto second = get(exchange);
  CAF_REQUIRE(first && second);
  CAF_CHECK(first->body != second->body);
  const auto before = read(exchange).table;
  const auto same = read(exchange).table;
  CAF_CHECK_EQUAL(before->content_hash(), same->content_hash());
  exchange.change_symbols(market::spot, 40);
  const auto after = read(exchange).table;
  CAF_CHECK(before->content_hash() != after->content_hash());
  CAF_CHECK(after->size() > before->size());
  CAF_CHECK(after->find("BTCUSDT")->trading());
}

CAF_TEST(the body is smaller without permission sets and compressed where wanted) {
  simulated_exchange exchange{options};
  const auto whole = get(exchange);
  const auto smaller = get(exchange, market::spot, "?showPermissionSets=false");
  CAF_REQUIRE(whole && smaller);
  CAF_CHECK(smaller->body.size() < whole->body.size());
  CAF_CHECK(whole->header("content-encoding") == "gzip");
  CAF_CHECK(whole->header("x-mbx-used-weight-1m") == "20");
  CAF_CHECK(smaller->header("x-mbx-used-weight-1m") == "40");
}

CAF_TEST(the ladder goes from a warning over ignored warnings to a ban that grows) {
  options.weight_limits = {40, 2400};
  simulated_exchange exchange{options};
  CAF_CHECK_EQUAL(status(exchange), 200);
  CAF_CHECK_EQUAL(status(exchange), 200);
  const auto warned = get(exchange);
  CAF_CHECK_EQUAL(warned->status, 429);
  CAF_CHECK(std::stoi(std::string{warned->header("retry-after").value_or("0")}) <= 60);
  CAF_CHECK_EQUAL(status(exchange), 429);
  CAF_CHECK_EQUAL(status(exchange), 429);
  CAF_CHECK_EQUAL(exchange.forbidden_requests(market::spot), 2u);
  const auto banned = get(exchange);
  CAF_CHECK_EQUAL(banned->status, 418);
  CAF_CHECK(banned->header("retry-after") == "120");
  CAF_CHECK(banned->body.find("banned until ") != std::string::npos);
  clock->advance(70s);
  CAF_CHECK_EQUAL(retry_after(exchange), "50");
  clock->advance(51s);
  CAF_CHECK_EQUAL(status(exchange), 200);
  CAF_CHECK_EQUAL(status(exchange, market::futures), 200);
}

CAF_TEST(every fault is what its name says) {
  using enum exchange_fault;
  simulated_exchange exchange{options};
  struct expectation {
    exchange_fault fault;
    int status; // 0: a failed transfer
    transfer_failure_kind kind = transfer_failure_kind::broken;
  };
  const std::array expectations{
    expectation{server_error, 500}, expectation{bad_gateway, 502}, expectation{firewall, 403}, expectation{blocked, 451},
    expectation{too_many, 429}, expectation{banned, 418}, expectation{html, 200}, expectation{empty_object, 200},
    expectation{error_body, 200}, expectation{banned_body, 200}, expectation{empty_list, 200}, expectation{five_symbols, 200},
    expectation{half_gone, 200}, expectation{zero_ticks, 200}, expectation{time_back, 200}, expectation{bad_symbol, 200},
    expectation{unknown_names, 200}, expectation{invalid_text, 200}, expectation{cut_without_length, 200},
    expectation{hang, 0, transfer_failure_kind::timeout}, expectation{hang_in_body, 0, transfer_failure_kind::timeout},
    expectation{trickle, 0, transfer_failure_kind::timeout}, expectation{reset, 0}, expectation{truncated, 0},
    expectation{bomb, 0, transfer_failure_kind::too_large}, expectation{too_large, 0, transfer_failure_kind::too_large},
  };
  for (const auto& one : expectations) {
    exchange.set_fault(market::spot, one.fault);
    const auto answer = get(exchange, market::spot, "", false, one.kind == transfer_failure_kind::timeout ? 100ms : 5s);
    CAF_MESSAGE(std::string{to_string(one.fault)});
    CAF_CHECK_EQUAL(answer ? answer->status : 0, one.status);
    if (!answer)
      CAF_CHECK(answer.error().kind == one.kind);
    CAF_CHECK_EQUAL(status(exchange, market::futures), 200);
  }
  CAF_CHECK_EQUAL(status(exchange, market::spot, "?showPermissionSets=false"), 200);
}

CAF_TEST(spoilt lists are spoilt as told and one bad row costs no other) {
  using enum exchange_fault;
  simulated_exchange exchange{options};
  const auto spoilt = [&](exchange_fault fault) {
    exchange.set_fault(market::spot, fault);
    return read(exchange);
  };
  const auto good = spoilt(none);
  CAF_CHECK(spoilt(five_symbols).table->size() == 5u);
  CAF_CHECK(spoilt(half_gone).table->size() == 150u);
  CAF_CHECK(spoilt(zero_ticks).table->find("BTCUSDT")->tick_size.text() == "0.00000000");
  CAF_CHECK(spoilt(time_back).server_time_ms < good.server_time_ms);
  const auto bad = spoilt(bad_symbol);
  CAF_CHECK(bad.bad_symbols >= 3);
  CAF_CHECK_EQUAL(bad.table->listed().size(), good.table->listed().size());
  const auto unknown = spoilt(unknown_names);
  CAF_CHECK_EQUAL(unknown.unknown.size(), 3u);
  CAF_CHECK_EQUAL(unknown.table->size(), 300u);
  const auto invalid = spoilt(invalid_text);
  CAF_CHECK(invalid.bad_symbols + invalid.table->size() == 300u);
  CAF_CHECK(invalid.table->find("BTCUSDT"));
}

CAF_TEST(faults of the key touch only who sends one) {
  using enum exchange_fault;
  simulated_exchange exchange{options};
  for (const auto fault : {bad_key, bad_key_format, clock_off}) {
    exchange.set_fault(market::spot, fault);
    CAF_CHECK_EQUAL(status(exchange), 200);
    CAF_CHECK_EQUAL(status(exchange, market::spot, "", true), fault == bad_key ? 401 : 400);
  }
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 6u);
  CAF_CHECK_EQUAL(exchange.requests_with_key(market::spot), 3u);
}

CAF_TEST(a kept connection that is closed as we send costs the client nothing) {
  simulated_exchange exchange{options};
  exchange.set_fault(market::spot, exchange_fault::close_kept);
  for (int i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(status(exchange), 200);
  CAF_CHECK(exchange.requests(market::spot) > 5);
}

CAF_TEST(changing a fault while requests begin to hang lets them all go) {
  std::array<std::thread, 4> askers;
  std::atomic<int> ended{0};
  std::atomic<bool> stop{false};
  {
    simulated_exchange exchange{options};
    exchange.set_fault(market::spot, exchange_fault::hang);
    for (auto& one : askers)
      one = std::thread{[&, url = exchange.url() + path_of(market::spot)] {
        http_client own;
        while (!stop) {
          static_cast<void>(own.get({url, {}, 2s, 64u << 20}));
          ++ended;
        }
      }};
    for (int i = 0; i < 200; ++i) {
      exchange.set_fault(market::spot, i % 2 == 0 ? exchange_fault::empty_object : exchange_fault::hang);
      if (i % 2 == 0)
        CAF_CHECK(test::wait_until([&, before = ended.load()] { return ended > before; }));
    }
    exchange.set_fault(market::spot, exchange_fault::hang);
    stop = true;
  }
  for (auto& one : askers)
    one.join();
  CAF_CHECK(ended >= 100);
}

CAF_TEST(faults on a command line are understood or refused whole) {
  const auto both = parse_exchange_faults("429:5");
  CAF_REQUIRE(both);
  CAF_REQUIRE_EQUAL(both->size(), 2u);
  CAF_CHECK((*both)[1].which == market::futures && (*both)[1].length == 5s);
  const auto two = parse_exchange_faults("spot:hang,futures:418:259200");
  CAF_REQUIRE(two);
  CAF_REQUIRE_EQUAL(two->size(), 2u);
  CAF_CHECK((*two)[0].fault == exchange_fault::hang && (*two)[1].fault == exchange_fault::banned);
  for (const auto* nonsense : {"", "spot", "spot:", "moon:hang", "hang:x", "hang:-1", "hang,,reset", "spot:nope"})
    CAF_CHECK(!parse_exchange_faults(nonsense));
}

CAF_TEST_FIXTURE_SCOPE_END()
