// An exchange that does as a test says, behind the seam through which fetchers ask (http_transfer): no network, no thread.
// Each market answers from its list until it is told to fail, and again after recover().
//
// Threads  one: the test's, on which the actors run too.
// Time     a market that hangs lets the clock go on by the request's timeout and fails then.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/testing/manual_clock.hpp>

namespace holdfast::testing {

// One symbol as the exchange lists it. Rules are decimal texts.
struct scripted_symbol {
  std::string name; // "BTCUSDT"
  std::string base; // empty: the name without its quote asset
  std::string quote = "USDT"; // with any other, default options do not list it
  std::string status = "TRADING"; // any text; TRADING alone is listed
  std::string tick_size = "0.01"; // in the quote asset; the least price too
  std::string step_size = "0.001"; // of quantities, in the base asset
  std::string min_quantity = "0.001"; // in the base asset
  std::string max_quantity = "9000"; // in the base asset
  std::string min_notional = "5"; // in the quote asset

  scripted_symbol(const char* symbol) : name{symbol} {} // by its name, so that list() takes {"BTCUSDT"}
  scripted_symbol(std::string symbol) : name{std::move(symbol)} {} // likewise
};

class scripted_exchange {
public:
  // Tells this clock's time, and moves it where a market hangs. Pre: not null.
  explicit scripted_exchange(std::shared_ptr<manual_clock> clock) : state_{std::make_shared<script>()} {
    state_->clock = std::move(clock);
  }

  // What an engine's options must name; the fixture does.
  static std::string url(market which) { return "http://" + std::string{to_string(which)} + ".scripted"; }

  // What the market lists from now on. Fetchers do not believe a list that has lost more than 30 % of the one before.
  void list(market which, std::vector<scripted_symbol> symbols) { of(which).symbols = std::move(symbols); }

  // The list again.
  void recover(market which) { of(which).answer = {}; }
  // Any answer in place of the list.
  void answer(market which, int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    of(which).answer = [=](const http_request&) -> expected<http_answer, transfer_failure> {
      return http_answer{status, body, headers};
    };
  }
  // 500: a failed fetch, repeated with backoff.
  void fail(market which) { answer(which, 500, "scripted"); }
  // 418: nobody asks again before `retry_after` has passed.
  void ban(market which, std::chrono::seconds retry_after) {
    answer(which, 418, R"({"code":-1003,"msg":"banned"})", {{"retry-after", std::to_string(retry_after.count())}});
  }
  // No connection: a failed fetch, repeated with backoff.
  void unreachable(market which) {
    of(which).answer = [](const http_request&) -> expected<http_answer, transfer_failure> {
      return unexpected{transfer_failure{transfer_failure_kind::unreachable, "scripted"}};
    };
  }
  // Every request lasts until its timeout.
  void hang(market which) {
    of(which).answer = [clock = state_->clock](const http_request& request) -> expected<http_answer, transfer_failure> {
      clock->advance(request.timeout);
      return unexpected{transfer_failure{transfer_failure_kind::timeout, "scripted"}};
    };
  }
  // Every request throws: the fetcher crashes, and the supervisor starts another one.
  void crash(market which) {
    of(which).answer = [](const http_request&) -> expected<http_answer, transfer_failure> {
      throw std::runtime_error{"scripted crash"};
    };
  }

  // So far.
  unsigned requests(market which) const { return state_->markets[index(which)].requests; }

  // For engine_means::transfers.
  http_transfer_factory transfers() const {
    return [state = state_] { return std::make_shared<transfer>(state); };
  }

private:
  using answering = std::function<expected<http_answer, transfer_failure>(const http_request&)>;

  struct market_script {
    std::vector<scripted_symbol> symbols;
    answering answer; // null: the list
    unsigned requests = 0;
  };
  struct script {
    std::shared_ptr<manual_clock> clock;
    std::array<market_script, market_count> markets;
  };

  class transfer final : public http_transfer {
  public:
    explicit transfer(std::shared_ptr<script> from) : state_{std::move(from)} {}
    expected<http_answer, transfer_failure> get(const http_request& request) override {
      const auto which = request.url.starts_with(scripted_exchange::url(market::futures)) ? market::futures : market::spot;
      auto& asked = state_->markets[index(which)];
      ++asked.requests;
      if (asked.answer)
        return asked.answer(request);
      return http_answer{200, body_of(asked.symbols, *state_->clock), {}};
    }
    void cancel() noexcept override {}

  private:
    std::shared_ptr<script> state_;
  };

  static std::string field(const char* name, const std::string& value) { return '"' + std::string{name} + "\":\"" + value + '"'; }

  static std::string text_of(const scripted_symbol& one) {
    const auto cut = one.name.size() - std::min(one.name.size(), one.quote.size());
    return '{' + field("symbol", one.name) + ',' + field("status", one.status) + ','
           + field("baseAsset", one.base.empty() ? one.name.substr(0, cut) : one.base) + ',' + field("quoteAsset", one.quote)
           + ",\"filters\":[{" + field("filterType", "PRICE_FILTER") + ',' + field("minPrice", one.tick_size) + ','
           + field("maxPrice", "1000000") + ',' + field("tickSize", one.tick_size) + "},{" + field("filterType", "LOT_SIZE") + ','
           + field("minQty", one.min_quantity) + ',' + field("maxQty", one.max_quantity) + ',' + field("stepSize", one.step_size)
           + "},{" + field("filterType", "NOTIONAL") + ',' + field("minNotional", one.min_notional) + "}]}";
  }
  static std::string body_of(const std::vector<scripted_symbol>& symbols, const manual_clock& clock) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(clock.wall_now()).time_since_epoch().count();
    std::string body = "{\"timezone\":\"UTC\",\"serverTime\":" + std::to_string(now) + ",\"symbols\":[";
    for (const auto& one : symbols)
      body += (body.back() == '[' ? "" : ",") + text_of(one);
    return body + "]}";
  }

  market_script& of(market which) { return state_->markets[index(which)]; }

  std::shared_ptr<script> state_;
};

} // namespace holdfast::testing
