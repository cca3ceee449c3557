#include <algorithm>
#include <utility>

#include "apps/holdfast/simulated_exchange_parts.hpp"

namespace holdfast {

namespace {

using namespace simulated;
using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr auto usual_warning = 30s;
constexpr seconds usual_ban = 72h;
constexpr int warnings_before_ban = 3; // ignored 429s
constexpr auto glance = 20ms;          // how often a thread that hangs looks whether its peer is still there
constexpr std::size_t first_bytes = 200;

} // namespace

MHD_Result simulated_exchange::parts::send(const asked& request, unsigned status, const response_ptr& response) const {
  if (!response)
    return MHD_NO;
  const auto weight = std::to_string(request.used);
  microhttpd().add_response_header(response.get(), "x-mbx-used-weight", weight.c_str());
  microhttpd().add_response_header(response.get(), "x-mbx-used-weight-1m", weight.c_str());
  return microhttpd().queue_response(request.connection, status, response.get());
}

MHD_Result simulated_exchange::parts::send_json(const asked& request, unsigned status, std::string_view body, headers more) const {
  auto response = text_response(body, more);
  microhttpd().add_response_header(response.get(), "Content-Type", "application/json;charset=UTF-8");
  return send(request, status, response);
}

MHD_Result simulated_exchange::parts::send_html(const asked& request, unsigned status) const {
  return send(request, status,
              text_response("<html><body><h1>" + std::to_string(status) + "</h1></body></html>", {{"Content-Type", "text/html"}}));
}

MHD_Result simulated_exchange::parts::tell_time(asked request) {
  const auto now = clock->wall_now();
  {
    std::lock_guard guard{mutex};
    const auto& one = side(request.which);
    request.used = one.minute == std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()) ? one.used : 0;
  }
  return send_json(request, 200, "{\"serverTime\":" + std::to_string(to_ms(now)) + "}");
}

void simulated_exchange::parts::hang(const asked& request) {
  const auto descriptor = descriptor_of(request.connection);
  std::unique_lock lock{mutex};
  while (!stopping && side(request.which).fault_number == request.fault_number && !peer_is_gone(descriptor))
    changed.wait_for(lock, glance);
}

void simulated_exchange::parts::note_request(asked& request) {
  std::lock_guard guard{mutex};
  auto& one = side(request.which);
  const auto now = clock->boot_now();
  ++one.requests;
  one.requests_with_key += request.with_key ? 1 : 0;
  one.forbidden_requests += now < one.forbidden_until ? 1 : 0;
  const auto minute = std::chrono::floor<std::chrono::minutes>(clock->wall_now().time_since_epoch());
  if (minute != one.minute) {
    one.minute = minute;
    one.used = 0;
  }
  one.used += one.weight;
  request.how.weight_limit = one.weight_limit;
  request.used = one.used;
  request.fault = one.fault;
  request.fault_length = one.fault_length;
  request.fault_number = one.fault_number;
}

MHD_Result simulated_exchange::parts::refuse_until(const asked& request, unsigned status, seconds length) {
  const auto end = std::to_string(to_ms(clock->wall_now() + length));
  {
    std::lock_guard guard{mutex};
    auto& one = side(request.which);
    one.forbidden_until = std::max(one.forbidden_until, clock->boot_now() + length);
    one.is_banned = one.is_banned || status == 418;
  }
  const auto text = status == 429 ? std::string{R"({"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."})"}
                                  : R"({"code":-1003,"msg":"Way too much request weight used; IP banned until )" + end
                                      + R"(. Please use WebSocket Streams for live updates to avoid bans."})";
  if (status == 200)
    return send_json(request, status, text);
  return send_json(request, status, text, {{"Retry-After", std::to_string(length.count())}});
}

// Over the limit comes 429; who goes on asking is banned, longer each time.
std::optional<MHD_Result> simulated_exchange::parts::climb_ladder(const asked& request) {
  seconds length{0};
  unsigned status = 429;
  {
    std::lock_guard guard{mutex};
    auto& one = side(request.which);
    const auto now = clock->boot_now();
    if (one.is_banned && now < one.forbidden_until) {
      status = 418;
      length = std::chrono::ceil<seconds>(one.forbidden_until - now);
    } else if (one.used <= one.weight_limit) {
      one.is_banned = false;
      one.ignored_warnings = 0;
      return std::nullopt;
    } else if (++one.ignored_warnings > warnings_before_ban) {
      status = 418;
      length = one.next_ban;
      one.next_ban = std::min<seconds>(one.next_ban * 2, usual_ban);
      one.ignored_warnings = 0;
    } else {
      length = seconds{60} - (std::chrono::floor<seconds>(clock->wall_now().time_since_epoch()) - one.minute);
    }
  }
  return refuse_until(request, status, length);
}

std::string simulated_exchange::parts::body_of(const asked& request, const body_telling& how, bool compressed) {
  std::lock_guard guard{mutex};
  auto& one = side(request.which);
  body_builder builder{compressed};
  if (one.listing) {
    one.listing->write([&](std::string_view piece) { builder.append(piece); }, how);
    one.listing->move_market_lots();
    one.listing->change(changes_per_poll);
  } else {
    builder.append(one.given);
  }
  return builder.finish();
}

MHD_Result simulated_exchange::parts::send_list(const asked& request, const body_telling& how) {
  auto response = text_response(body_of(request, how, request.takes_gzip));
  microhttpd().add_response_header(response.get(), "Content-Type", "application/json;charset=UTF-8");
  if (request.takes_gzip)
    microhttpd().add_response_header(response.get(), "Content-Encoding", "gzip");
  return send(request, 200, response);
}

MHD_Result simulated_exchange::parts::send_bomb(const asked& request) {
  if (!request.takes_gzip)
    return send_html(request, 406);
  const auto& body = bomb();
  response_ptr response{
    microhttpd().create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_PERSISTENT)};
  microhttpd().add_response_header(response.get(), "Content-Encoding", "gzip");
  return send(request, 200, response);
}

// The broken bodies are plain: the break is at the same byte whatever the peer accepts.
MHD_Result simulated_exchange::parts::send_piecewise(const asked& request) {
  using enum exchange_fault;
  body_in_pieces body{body_of(request, request.how, false), {}, request.fault == cut_without_length};
  const auto half = body.body.size() / 2;
  if (request.fault == trickle)
    body.allow = [this, request](std::size_t) -> std::size_t {
      std::unique_lock lock{mutex};
      changed.wait_for(lock, 10ms);
      return stopping || side(request.which).fault_number != request.fault_number ? 0 : 1;
    };
  else if (request.fault == hang_in_body)
    body.allow = [this, request](std::size_t sent) -> std::size_t {
      if (sent < first_bytes)
        return first_bytes - sent;
      this->hang(request);
      return 0;
    };
  else
    body.allow = [half](std::size_t sent) { return half - std::min(sent, half); };
  return send(request, 200, piecewise_response(std::move(body), request.fault != cut_without_length));
}

MHD_Result simulated_exchange::parts::answer_spoilt_list(const asked& request) {
  using enum exchange_fault;
  auto how = request.how;
  switch (request.fault) {
    case five_symbols: how.rows_max = 5; break;
    case half_gone: how.every_other_row = true; break;
    case zero_ticks: how.zero_ticks = true; break;
    case time_back: how.server_time_ms -= 3'600'000; break;
    case bad_symbol: how.bad_rows = true; break;
    case unknown_names: how.unknown_names = true; break;
    case invalid_text: how.invalid_text = true; break;
    default: break;
  }
  return send_list(request, how);
}

MHD_Result simulated_exchange::parts::answer_broken(const asked& request) {
  using enum exchange_fault;
  switch (request.fault) {
    case hang: this->hang(request); return MHD_NO;
    case reset: close_with_reset(descriptor_of(request.connection)); return MHD_NO;
    case close_kept: return request.kept_connection ? MHD_NO : send_list(request, request.how);
    case bomb: return send_bomb(request);
    case too_large: return request.how.permission_sets ? send_bomb(request) : send_list(request, request.how);
    case truncated:
    case cut_without_length:
    case hang_in_body:
    case trickle: return send_piecewise(request);
    default: return answer_spoilt_list(request);
  }
}

MHD_Result simulated_exchange::parts::answer(asked& request) {
  using enum exchange_fault;
  note_request(request);
  const auto told = [&](seconds usual) { return request.fault_length > 0s ? request.fault_length : usual; };
  const bool key_fault = request.fault == bad_key || request.fault == bad_key_format || request.fault == clock_off;
  if (request.fault == none || (key_fault && !request.with_key)) {
    const auto refused = climb_ladder(request);
    return refused ? *refused : send_list(request, request.how);
  }
  switch (request.fault) {
    case server_error: return send_json(request, 500, R"({"code":-1000,"msg":"An unknown error occurred while processing the request."})");
    case bad_gateway: return send_html(request, 502);
    case firewall: return send_html(request, 403);
    case blocked: return send_json(request, 451, "{\n  \"code\": 0,\n  \"msg\": \"Service unavailable from a restricted location.\"\n}");
    case too_many: return refuse_until(request, 429, told(usual_warning));
    case banned: return refuse_until(request, 418, told(usual_ban));
    case banned_body: return refuse_until(request, 200, told(usual_warning));
    case html: return send_html(request, 200);
    case empty_object: return send_json(request, 200, "{}");
    case error_body: return send_json(request, 200, R"({"code":-1008,"msg":"Server is currently overloaded."})");
    case empty_list: return send_json(request, 200, R"({"timezone":"UTC","symbols":[]})");
    case bad_key: return send_json(request, 401, R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})");
    case bad_key_format: return send_json(request, 400, R"({"code":-2014,"msg":"API-key format invalid."})");
    case clock_off: return send_json(request, 400, R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})");
    default: return answer_broken(request);
  }
}

} // namespace holdfast
