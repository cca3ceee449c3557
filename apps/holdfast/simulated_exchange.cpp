#include "apps/holdfast/simulated_exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <zlib.h>

#include "runtime/clock.hpp"

namespace holdfast {

namespace {

struct daemon_deleter {
  void operator()(MHD_Daemon* daemon) const noexcept { MHD_stop_daemon(daemon); }
};
struct response_deleter {
  void operator()(MHD_Response* response) const noexcept { MHD_destroy_response(response); }
};
using response_ptr = std::unique_ptr<MHD_Response, response_deleter>;

std::string compress(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error{"zlib is unusable"};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct listing {
  std::string body;
  std::string compressed;
  std::atomic<exchange_fault> fault{exchange_fault::none};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> requests_with_key{0};
  std::int64_t weight = 20;
  std::int64_t weight_limit = 6000;
  std::mutex mutex;
  std::chrono::nanoseconds minute{-1};
  std::int64_t used = 0;
  int ignored_warnings = 0;
};

response_ptr make_response(std::string_view body) {
  return response_ptr{MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY)};
}

MHD_Result answer(MHD_Connection* connection, unsigned status, response_ptr response) {
  return MHD_queue_response(connection, status, response.get());
}

MHD_Result answer_text(MHD_Connection* connection, unsigned status, std::string_view body,
                       std::initializer_list<std::pair<const char*, std::string>> headers = {}) {
  auto response = make_response(body);
  for (const auto& [name, value] : headers)
    MHD_add_response_header(response.get(), name, value.c_str());
  return answer(connection, status, std::move(response));
}

// Fewer bytes than its length tells, or none at all: the connection then breaks.
ssize_t stop_short(void* limit, std::uint64_t position, char* buffer, std::size_t most) {
  const auto end = reinterpret_cast<std::uintptr_t>(limit);
  if (position >= end)
    return MHD_CONTENT_READER_END_WITH_ERROR;
  const auto size = std::min<std::size_t>(most, end - position);
  std::memset(buffer, ' ', size);
  return static_cast<ssize_t>(size);
}

MHD_Result answer_broken(MHD_Connection* connection, std::uintptr_t bytes) {
  response_ptr response{
    MHD_create_response_from_callback(100'000, 1024, &stop_short, reinterpret_cast<void*>(bytes), nullptr)};
  return answer(connection, MHD_HTTP_OK, std::move(response));
}

std::optional<MHD_Result> answer_fault(MHD_Connection* connection, listing& list, bool with_key) {
  switch (list.fault.load()) {
    case exchange_fault::none: return std::nullopt;
    case exchange_fault::server_error: return answer_text(connection, 500, "{\"code\":-1000,\"msg\":\"An unknown error occurred.\"}");
    case exchange_fault::html: return answer_text(connection, 200, "<html><body>maintenance</body></html>");
    case exchange_fault::too_many: return answer_text(connection, 429, "{\"code\":-1003,\"msg\":\"Too much request weight used.\"}", {{"Retry-After", "30"}});
    case exchange_fault::banned: return answer_text(connection, 418, "{\"code\":-1003,\"msg\":\"IP banned\"}", {{"Retry-After", "120"}});
    case exchange_fault::hang: MHD_suspend_connection(connection); return MHD_YES;
    case exchange_fault::reset: return answer_broken(connection, 0);
    case exchange_fault::truncated: return answer_broken(connection, 5000);
    case exchange_fault::empty_object: return answer_text(connection, 200, "{}");
    case exchange_fault::empty_list: return answer_text(connection, 200, "{\"symbols\":[]}");
    case exchange_fault::five_symbols: return answer_text(connection, 200, make_exchange_body(market::futures, 1, 5));
    case exchange_fault::bad_key:
      return with_key ? std::optional{answer_text(connection, 401, "{\"code\":-2015,\"msg\":\"Invalid API-key, IP, or permissions for action.\"}")}
                      : std::nullopt;
  }
  return std::nullopt;
}

// Counts the weight of the running minute; the ladder of 429 and, ignored, 418.
std::pair<unsigned, std::int64_t> weigh(listing& list) {
  std::lock_guard guard{list.mutex};
  const auto minute = std::chrono::floor<std::chrono::minutes>(boot_clock::now().time_since_epoch());
  if (minute != list.minute) {
    list.minute = minute;
    list.used = 0;
  }
  list.used += list.weight;
  if (list.used <= list.weight_limit) {
    list.ignored_warnings = 0;
    return {200u, list.used};
  }
  return {++list.ignored_warnings > 10 ? 418u : 429u, list.used};
}

} // namespace

struct simulated_exchange::parts {
  std::array<listing, market_count> lists;
  std::unique_ptr<MHD_Daemon, daemon_deleter> daemon;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::vector<MHD_Connection*> hanging;

  MHD_Result list(MHD_Connection* connection, market which) {
    auto& one = lists[index(which)];
    const bool with_key = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-MBX-APIKEY") != nullptr;
    ++one.requests;
    one.requests_with_key += with_key ? 1 : 0;
    if (one.fault == exchange_fault::hang) {
      std::lock_guard guard{mutex};
      hanging.push_back(connection);
    }
    if (const auto broken = answer_fault(connection, one, with_key))
      return *broken;
    const auto [status, used] = weigh(one);
    const auto weight = std::to_string(used);
    if (status != 200)
      return answer_text(connection, status, "{\"code\":-1003,\"msg\":\"Too much request weight used.\"}",
                         {{"Retry-After", status == 418 ? "120" : "10"}, {"x-mbx-used-weight-1m", weight}});
    const auto* accepts = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
    const bool zipped = accepts && std::strstr(accepts, "gzip");
    const auto& body = zipped ? one.compressed : one.body;
    response_ptr response{
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_PERSISTENT)};
    MHD_add_response_header(response.get(), "Content-Type", "application/json;charset=UTF-8");
    MHD_add_response_header(response.get(), "x-mbx-used-weight-1m", weight.c_str());
    if (zipped)
      MHD_add_response_header(response.get(), "Content-Encoding", "gzip");
    return answer(connection, status, std::move(response));
  }

  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url, const char*, const char*, const char*,
                           std::size_t*, void**) {
    auto& here = *static_cast<parts*>(self);
    const std::string_view path{url};
    if (path == "/api/v3/exchangeInfo")
      return here.list(connection, market::spot);
    if (path == "/fapi/v1/exchangeInfo")
      return here.list(connection, market::futures);
    if (path == "/api/v3/ping" || path == "/fapi/v1/ping")
      return answer_text(connection, 200, "{}");
    if (path == "/api/v3/time" || path == "/fapi/v1/time") {
      const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
      return answer_text(connection, 200, "{\"serverTime\":" + std::to_string(now.time_since_epoch().count()) + "}");
    }
    return answer_text(connection, 404, "{\"code\":-1102,\"msg\":\"no such path\"}");
  }

  void release_hanging() {
    std::lock_guard guard{mutex};
    for (auto* connection : std::exchange(hanging, {}))
      MHD_resume_connection(connection);
  }
};

simulated_exchange::simulated_exchange(simulated_exchange_options options) : parts_{std::make_unique<parts>()} {
  const std::array counts{options.spot_symbols, options.futures_symbols};
  for (const auto which : all_markets) {
    auto& one = parts_->lists[index(which)];
    const auto& given = options.bodies[index(which)];
    one.body = given.empty() ? make_exchange_body(which, options.seed, counts[index(which)]) : given;
    one.compressed = compress(one.body);
  }
  auto& futures = parts_->lists[index(market::futures)];
  futures.weight = 1;
  futures.weight_limit = 2400;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options.port);
  parts_->daemon.reset(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, options.port, nullptr, nullptr,
                                        &parts::handle, parts_.get(), MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END));
  if (!parts_->daemon)
    throw std::runtime_error{"the simulated exchange cannot listen on 127.0.0.1:" + std::to_string(options.port)};
  parts_->port = MHD_get_daemon_info(parts_->daemon.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
}

simulated_exchange::~simulated_exchange() {
  for (const auto which : all_markets)
    set_fault(which, exchange_fault::server_error);
}

std::uint16_t simulated_exchange::port() const noexcept { return parts_->port; }

std::string simulated_exchange::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void simulated_exchange::set_fault(market which, exchange_fault fault) noexcept {
  parts_->lists[index(which)].fault = fault;
  // Whoever hangs is answered with what is the fault now.
  if (fault != exchange_fault::hang)
    parts_->release_hanging();
}

std::uint64_t simulated_exchange::requests(market which) const noexcept { return parts_->lists[index(which)].requests; }

std::uint64_t simulated_exchange::requests_with_key(market which) const noexcept {
  return parts_->lists[index(which)].requests_with_key;
}

std::optional<exchange_fault> parse_exchange_fault(std::string_view text) {
  using enum exchange_fault;
  constexpr std::array<std::pair<std::string_view, exchange_fault>, 12> names{
    {{"none", none}, {"500", server_error}, {"html", html}, {"429", too_many}, {"418", banned}, {"hang", hang},
     {"reset", reset}, {"truncate", truncated}, {"empty-object", empty_object}, {"empty-list", empty_list},
     {"five-symbols", five_symbols}, {"bad-key", bad_key}}};
  for (const auto& [name, fault] : names)
    if (name == text)
      return fault;
  return std::nullopt;
}

} // namespace holdfast
