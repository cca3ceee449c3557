#include "tests/simulation/exchange.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <ctime>
#include <stdexcept>

#include "runtime/request_weight.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr int symbols_listed = 20;
constexpr std::int64_t weight_of_call = 20;
std::int64_t weight_limit(market which) { return usual_weight_limit(which); }
std::int64_t weight_share(market which) { return weight_limit(which) * 80 / 100; }
// A fetch that was under way when a sibling was told may still ask its mirrors.
constexpr auto sibling_grace = 6s;
// Of one engine for one market in a minute: five failures open the circuit, then come probes; each asks every URL.
constexpr std::size_t calls_per_minute_max = 60;

std::string prefix_of(market which) { return which == market::spot ? "SP" : "FU"; }
std::string marker_of(market which) { return prefix_of(which) + "REVUSDT"; }

std::string http_date(wall_time at) {
  const auto when = static_cast<std::time_t>(std::chrono::floor<seconds>(at).time_since_epoch().count());
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

transfer_failure failing(transfer_failure_kind kind) { return {kind, "simulated"}; }

} // namespace

class exchange::transfer final : public http_transfer {
public:
  transfer(exchange& all, asking_engine who) : all_{all}, who_{who} {}

  expected<http_answer, transfer_failure> get(const http_request& request) override {
    if (cancelled_)
      return unexpected{failing(transfer_failure_kind::cancelled)};
    const auto which = request.url.find("/fapi/") == std::string::npos ? market::spot : market::futures;
    all_.check_call(who_, which, request.url);
    auto& random = all_.random_;
    const auto mood = all_.of(which).mood;
    const bool slow = mood == exchange_mood::slow;
    auto there = nanoseconds{static_cast<std::int64_t>(random() % (slow ? 1'500'000'000u : 60'000'000u))};
    auto back = nanoseconds{static_cast<std::int64_t>(random() % (slow ? 1'500'000'000u : 60'000'000u))};
    if (mood == exchange_mood::hanging)
      there = 600s;
    if (mood == exchange_mood::timing_out)
      there = request.timeout;
    if (mood != exchange_mood::hanging)
      there = std::min<nanoseconds>(there, request.timeout);
    all_.turns_.wait(there, this);
    if (cancelled_)
      return unexpected{failing(transfer_failure_kind::cancelled)};
    if (there >= nanoseconds{request.timeout})
      return unexpected{failing(transfer_failure_kind::timeout)};
    auto answer = all_.answer(who_, which, request);
    const auto answered_at = all_.now_.elapsed();
    const auto left = nanoseconds{request.timeout} - there;
    all_.turns_.wait(std::min(back, left), this);
    if (cancelled_)
      return unexpected{failing(transfer_failure_kind::cancelled)};
    if (back >= left)
      return unexpected{failing(transfer_failure_kind::timeout)};
    all_.heard(who_, which, answer, answered_at);
    if (all_.hides_bans_ && answer && (answer->status == 429 || answer->status == 418))
      return http_answer{500, "", {}};
    return answer;
  }

  void cancel() noexcept override {
    cancelled_ = true;
    all_.turns_.wake(this);
  }

private:
  exchange& all_;
  asking_engine who_;
  bool cancelled_ = false;
};

exchange::exchange(const world_time& now, journal& notes, std::mt19937_64& random, scheduler& turns)
  : now_{now}, notes_{notes}, random_{random}, turns_{turns} {}

std::shared_ptr<http_transfer> exchange::transfer_for(asking_engine who) { return std::make_shared<transfer>(*this, who); }

std::vector<std::string> exchange::urls(market which) {
  if (which == market::spot)
    return {"https://spot.one.test", "https://spot.two.test"};
  return {"https://futures.one.test"};
}

void exchange::list_anew(market which) {
  of(which).listed_at.push_back(now_.elapsed());
  notes_.note("exchange: " + std::string{to_string(which)} + " revision " + std::to_string(of(which).listed_at.size()));
}

void exchange::forget_folder(std::uint32_t folder) {
  for (const auto which : all_markets)
    by_folder_.erase({folder, which});
}

void exchange::check_call(asking_engine who, market which, const std::string& url) {
  ++calls_;
  const auto now = now_.elapsed();
  notes_.note("exchange: opening " + std::to_string(who.opening) + " asks " + url);
  auto& mine = by_opening_[{who.opening, which}];
  const auto say = [&](const std::string& what) {
    notes_.violate("opening " + std::to_string(who.opening) + " asks for " + std::string{to_string(which)} + ' ' + what);
  };
  if (now < mine.forbidden_until)
    say("although it was told to wait for " + std::to_string((mine.forbidden_until - now) / 1ms) + " ms more");
  const auto sibling = by_folder_.find({who.folder, which});
  if (sibling != by_folder_.end() && now < sibling->second.forbidden_until && now > sibling->second.told_at + sibling_grace)
    say("although an engine of its folder was told to wait");
  mine.calls.push_back(now);
  while (now - mine.calls.front() > 60s)
    mine.calls.pop_front();
  if (mine.calls.size() > calls_per_minute_max)
    say(std::to_string(mine.calls.size()) + " times in a minute");
}

exchange::result exchange::answer(asking_engine, market which, const http_request& request) {
  auto& one = of(which);
  const auto minute = std::chrono::floor<std::chrono::minutes>(now_.wall()).time_since_epoch().count();
  if (std::exchange(one.minute, minute) != minute)
    one.weight_used = 0;
  one.weight_used += weight_of_call;
  if (now_.elapsed() < one.banned_until)
    return forbid(which, 418, (one.banned_until - now_.elapsed()) / 1s + 1);
  if (one.weight_used > weight_limit(which))
    return forbid(which, 429, 60);
  const bool with_key = std::any_of(request.headers.begin(), request.headers.end(),
                                    [](const auto& header) { return header.first == "X-MBX-APIKEY"; });
  if (with_key && random_() % 8 == 0)
    return with_headers(which, 401, R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})");
  switch (one.mood) {
    case exchange_mood::unreachable: return unexpected{failing(transfer_failure_kind::unreachable)};
    case exchange_mood::broken: return unexpected{failing(transfer_failure_kind::broken)};
    case exchange_mood::failing: {
      constexpr std::array statuses{500, 502, 403, 451};
      return with_headers(which, statuses[random_() % statuses.size()], "<html>simulated</html>");
    }
    case exchange_mood::babbling: {
      const std::array<std::string, 4> bodies{"<html>", "{}", R"({"symbols":[]})", body_of(which, symbols_listed, 1).substr(0, 700)};
      return with_headers(which, 200, bodies[random_() % bodies.size()]);
    }
    case exchange_mood::half_lists: return list(which, random_() % 3 == 0 ? 0 : symbols_listed / 2, 0);
    case exchange_mood::early: return list(which, symbols_listed, -3'600'000);
    case exchange_mood::too_many:
      if (random_() % 4 == 0)
        return with_headers(which, 200, R"({"code":-1003,"msg":"Too many requests."})");
      return forbid(which, 429, static_cast<std::int64_t>(1 + random_() % 60));
    case exchange_mood::banning: {
      const auto length = ban_min + seconds{random_() % static_cast<std::uint64_t>((ban_max - ban_min).count())};
      one.banned_until = now_.elapsed() + length;
      return forbid(which, 418, length.count());
    }
    case exchange_mood::crashing: throw std::runtime_error{"simulated crash in a transfer"};
    default: return list(which, symbols_listed, 0);
  }
}

exchange::result exchange::list(market which, int symbols, std::int64_t server_time_off) {
  const auto server_time = std::chrono::floor<std::chrono::milliseconds>(now_.wall()).time_since_epoch().count();
  return with_headers(which, 200, body_of(which, symbols, server_time + server_time_off));
}

http_answer exchange::with_headers(market which, int status, std::string body) {
  return {status, std::move(body),
          {{"date", http_date(now_.wall())}, {"x-mbx-used-weight-1m", std::to_string(of(which).weight_used)}}};
}

exchange::result exchange::forbid(market which, int status, std::int64_t length) {
  auto answer = with_headers(which, status, R"({"code":-1003,"msg":"Too much request weight used."})");
  answer.headers.emplace_back("retry-after", std::to_string(length));
  return answer;
}

void exchange::heard(asking_engine who, market which, const result& answer, nanoseconds answered_at) {
  if (!answer)
    return;
  const auto now = now_.elapsed();
  auto until = nanoseconds{-1};
  if (const auto retry = answer->header("retry-after")) {
    until = now + seconds{number_in(*retry)};
    notes_.note("exchange: opening " + std::to_string(who.opening) + " hears " + std::to_string(answer->status) + " for "
                + std::string{to_string(which)} + ", " + std::string{*retry} + " s");
  } else if (number_in(answer->header("x-mbx-used-weight-1m").value_or("0")) > weight_share(which)) {
    // Until the exchange's minute turns.
    until = answered_at + 60s - (now_.wall() - (now - answered_at)).time_since_epoch() % 60s;
  }
  for (auto* knows : {&by_opening_[{who.opening, which}], &by_folder_[{who.folder, which}]})
    if (until > knows->forbidden_until) {
      knows->forbidden_until = until;
      knows->told_at = now;
    }
}

std::string exchange::body_of(market which, int symbols, std::int64_t server_time_ms) const {
  const auto prefix = prefix_of(which);
  std::string body = "{\"serverTime\":" + std::to_string(server_time_ms)
                     + ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":"
                     + std::to_string(weight_limit(which)) + "}],\"symbols\":[";
  for (int i = 0; i < symbols; ++i) {
    const auto name = i == 0 ? marker_of(which) : prefix + std::to_string(i) + "USDT";
    const auto revision = markets_[index(which)].listed_at.size();
    body += std::string{i > 0 ? "," : ""} + "{\"symbol\":\"" + name + "\",\"status\":\"TRADING\",\"baseAsset\":\"" + prefix
            + std::to_string(i) + "\",\"quoteAsset\":\"USDT\",\"filters\":[{\"filterType\":\"LOT_SIZE\",\"minQty\":\""
            + std::to_string(i == 0 ? revision : 1) + "\",\"maxQty\":\"1000000\",\"stepSize\":\"1\"}]}";
  }
  return body + "]}";
}

std::optional<std::uint32_t> exchange::revision_of(market which, const symbol_table& table) const {
  const auto* marker = table.find(marker_of(which));
  if (!marker)
    return std::nullopt;
  const auto text = marker->min_quantity.text();
  std::uint32_t revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  if (revision == 0 || revision > markets_[index(which)].listed_at.size())
    return std::nullopt;
  return revision;
}

nanoseconds exchange::outdated_since(market which, std::uint32_t revision) const {
  const auto& listed = markets_[index(which)].listed_at;
  return revision < listed.size() ? now_.elapsed() - listed[revision] : nanoseconds{0};
}

} // namespace holdfast::simulation
