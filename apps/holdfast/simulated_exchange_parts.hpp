// Private to the simulated exchange: what it knows of each market and of a request, and its ways to answer.
//
// Threads  one per connection; everything that they share is guarded by the mutex.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "apps/holdfast/simulated_exchange.hpp"
#include "apps/holdfast/simulated_exchange_listing.hpp"
#include "apps/holdfast/simulated_exchange_wire.hpp"

namespace holdfast {

namespace simulated {

struct daemon_deleter {
  void operator()(MHD_Daemon* daemon) const noexcept { microhttpd().stop_daemon(daemon); }
};

constexpr std::chrono::seconds first_ladder_ban{120};

struct market_side {
  std::optional<simulated_listing> listing; // none: a body was given
  std::string given;
  std::int64_t weight = 20;
  std::int64_t weight_limit = 6000;
  exchange_fault fault = exchange_fault::none;
  std::chrono::seconds fault_length{0};
  std::uint64_t fault_number = 0; // of the set_fault() calls
  std::uint64_t requests = 0;
  std::uint64_t requests_with_key = 0;
  std::uint64_t forbidden_requests = 0;
  std::chrono::minutes minute{-1};
  std::int64_t used = 0;
  boot_time forbidden_until{};
  bool is_banned = false;
  int ignored_warnings = 0;
  std::chrono::seconds next_ban = first_ladder_ban;
};

// What is known of a request before it is answered.
struct asked {
  MHD_Connection* connection;
  market which;
  bool with_key;
  bool takes_gzip;
  bool kept_connection; // not the first request of it
  body_telling how;
  // Of the market, when the request came.
  exchange_fault fault = exchange_fault::none;
  std::chrono::seconds fault_length{0};
  std::uint64_t fault_number = 0;
  std::int64_t used = 0;
};

inline std::int64_t to_ms(wall_time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

} // namespace simulated

struct simulated_exchange::parts {
  using asked = simulated::asked;

  clock_ptr clock;
  unsigned changes_per_poll = 0;
  mutable std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::array<simulated::market_side, market_count> sides;
  std::unique_ptr<MHD_Daemon, simulated::daemon_deleter> daemon;
  std::uint16_t port = 0;

  simulated::market_side& side(market which) { return sides[index(which)]; }

  MHD_Result answer(asked& request);
  MHD_Result tell_time(asked request);

private:
  void note_request(asked& request);
  std::optional<MHD_Result> climb_ladder(const asked& request);
  MHD_Result refuse_until(const asked& request, unsigned status, std::chrono::seconds length);
  // Returns early where the fault changes, the exchange stops or the peer hangs up.
  void hang(const asked& request);
  std::string body_of(const asked& request, const body_telling& how, bool compressed);
  MHD_Result send(const asked& request, unsigned status, const simulated::response_ptr& response) const;
  MHD_Result send_json(const asked& request, unsigned status, std::string_view body, simulated::headers more = {}) const;
  MHD_Result send_html(const asked& request, unsigned status) const;
  MHD_Result send_list(const asked& request, const body_telling& how);
  MHD_Result send_bomb(const asked& request);
  MHD_Result send_piecewise(const asked& request);
  MHD_Result answer_spoilt_list(const asked& request);
  MHD_Result answer_broken(const asked& request);
};

} // namespace holdfast
