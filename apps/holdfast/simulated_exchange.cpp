#include "apps/holdfast/simulated_exchange.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "apps/holdfast/simulated_exchange_parts.hpp"

namespace holdfast {

namespace {

using namespace simulated;
using std::chrono::seconds;

std::string argument(MHD_Connection* connection, const char* name) {
  const auto* value = microhttpd().lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
  return value ? value : "";
}

// Counts the requests of a connection.
void connection_changed(void*, MHD_Connection*, void** count, MHD_ConnectionNotificationCode what) {
  if (what == MHD_CONNECTION_NOTIFY_STARTED)
    *count = std::make_unique<std::uint64_t>(0).release();
  else
    std::unique_ptr<std::uint64_t>{static_cast<std::uint64_t*>(std::exchange(*count, nullptr))}.reset();
}

MHD_Result handle_request(void* self, MHD_Connection* connection, const char* url, const char*, const char*, const char*,
                          std::size_t*, void** seen) {
  // An answer in the first call of a request would end its connection.
  if (!std::exchange(*seen, self))
    return MHD_YES;
  auto& here = *static_cast<simulated_exchange::parts*>(self);
  const std::string_view path{url};
  const auto now = to_ms(here.clock->wall_now());
  const bool spot = path == "/api/v3/exchangeInfo";
  const auto text = [&](unsigned status, std::string_view body) {
    return microhttpd().queue_response(connection, status, text_response(body).get());
  };
  if (path == "/api/v3/ping" || path == "/fapi/v1/ping")
    return text(200, "{}");
  if (path == "/api/v3/time" || path == "/fapi/v1/time")
    return here.tell_time(
        {connection, path.starts_with("/api") ? market::spot : market::futures, false, false, false, {}});
  if (!spot && path != "/fapi/v1/exchangeInfo")
    return text(404, R"({"code":-1102,"msg":"There is no such path."})");
  const auto* accepted = microhttpd().lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
  const auto* info = microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  auto* const count = info ? static_cast<std::uint64_t*>(info->socket_context) : nullptr;
  asked request{connection, spot ? market::spot : market::futures,
                microhttpd().lookup_connection_value(connection, MHD_HEADER_KIND, "X-MBX-APIKEY") != nullptr,
                accepted && std::strstr(accepted, "gzip"), count && (*count)++ > 0, {}};
  // Futures tell a time of their own: the full hour at which the document was made.
  request.how.server_time_ms = spot ? now : now - now % 3'600'000;
  request.how.permission_sets = argument(connection, "showPermissionSets") != "false";
  request.how.trading_only = argument(connection, "symbolStatus") == "TRADING";
  return here.answer(request);
}

} // namespace

simulated_exchange::simulated_exchange(simulated_exchange_options options) : parts_{std::make_unique<parts>()} {
  parts_->clock = std::move(options.clock);
  parts_->changes_per_poll = options.changes_per_poll;
  const std::array counts{options.spot_symbols, options.futures_symbols};
  for (const auto which : all_markets) {
    auto& one = parts_->side(which);
    one.weight = which == market::spot ? 20 : 1;
    one.weight_limit = options.weight_limits[index(which)];
    one.given = std::move(options.bodies[index(which)]);
    if (one.given.empty())
      one.listing.emplace(which, options.seed, counts[index(which)]);
  }
  if (const auto& library = microhttpd_library::get(); !library)
    throw std::runtime_error{library.error()};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options.port);
  parts_->daemon.reset(microhttpd().start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
                                        options.port, nullptr, nullptr, &handle_request, parts_.get(), MHD_OPTION_SOCK_ADDR,
                                        &address, MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_NOTIFY_CONNECTION,
                                        &connection_changed, nullptr, MHD_OPTION_END));
  if (!parts_->daemon)
    throw std::runtime_error{"the simulated exchange cannot listen on 127.0.0.1:" + std::to_string(options.port)};
  parts_->port = microhttpd().get_daemon_info(parts_->daemon.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
}

simulated_exchange::~simulated_exchange() {
  {
    std::lock_guard guard{parts_->mutex};
    parts_->stopping = true;
  }
  parts_->changed.notify_all();
  parts_->daemon.reset();
}

std::uint16_t simulated_exchange::port() const noexcept { return parts_->port; }

std::string simulated_exchange::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void simulated_exchange::set_fault(market which, exchange_fault fault, seconds length) noexcept {
  {
    std::lock_guard guard{parts_->mutex};
    auto& one = parts_->side(which);
    one.fault = fault;
    one.fault_length = length;
    ++one.fault_number;
    one.is_banned = false; // who was told to wait is still forbidden to ask
  }
  parts_->changed.notify_all();
}

void simulated_exchange::change_symbols(market which, unsigned changes) {
  std::lock_guard guard{parts_->mutex};
  if (auto& listing = parts_->side(which).listing)
    listing->change(changes);
}

std::uint64_t simulated_exchange::requests(market which) const noexcept {
  std::lock_guard guard{parts_->mutex};
  return parts_->side(which).requests;
}

std::uint64_t simulated_exchange::requests_with_key(market which) const noexcept {
  std::lock_guard guard{parts_->mutex};
  return parts_->side(which).requests_with_key;
}

std::uint64_t simulated_exchange::forbidden_requests(market which) const noexcept {
  std::lock_guard guard{parts_->mutex};
  return parts_->side(which).forbidden_requests;
}

std::string make_exchange_body(market which, std::uint64_t seed, std::size_t symbols) {
  std::string body;
  body_telling how;
  how.server_time_ms = to_ms(system_clocks()->wall_now());
  simulated_listing{which, seed, symbols}.write([&](std::string_view piece) { body += piece; }, how);
  return body;
}

} // namespace holdfast
