#include "engine/http_gateway.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/option_table.hpp"
#include "engine/connection_watch.hpp"
#include "engine/http_connection.hpp"
#include "engine/http_routes.hpp"
#include "runtime/starting_thread.hpp"

namespace holdfast {

namespace {

constexpr unsigned connections_max = 64;
constexpr unsigned idle_seconds = 15;
constexpr std::size_t body_bytes_max = 64u << 10;
constexpr std::chrono::milliseconds farewell{200};

struct daemon_deleter {
  void operator()(MHD_Daemon* daemon) const noexcept { microhttpd().stop_daemon(daemon); }
};
// What libmicrohttpd keeps for us between the calls of one request.
struct request_state {
  std::size_t body = 0; // bytes so far
  std::shared_ptr<pending_answer> answer; // none: only the headers are here yet
};

int socket_of(MHD_Connection* connection) {
  return microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

// A unix socket is its path only as long as nobody else put his there.
struct file_identity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const file_identity&) const = default;
};

std::optional<file_identity> identity_of(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0)
    return std::nullopt;
  return file_identity{facts.st_dev, facts.st_ino};
}

// One that is frozen takes connections, too.
bool is_listened_on(const sockaddr_un& address) {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (handle < 0)
    return false;
  const bool taken = ::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  ::close(handle);
  return taken;
}

// A descriptor that listens, or why there is none.
expected<int, std::string> listen_on_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return unexpected{path + ": the path is too long for a unix socket"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (is_listened_on(address))
    return unexpected{path + ": another process listens there"};
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ::unlink(path.c_str());
  // The socket's own mode becomes its file's: the process's mode mask is left alone.
  const bool good = handle >= 0 && ::fchmod(handle, 0600) == 0 && ::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
                    && ::listen(handle, 16) == 0;
  if (good)
    return handle;
  const std::string why = path + ": " + std::strerror(errno);
  if (handle >= 0)
    ::close(handle);
  return unexpected{why};
}

} // namespace

struct http_gateway::parts {
  parts(engine& of, std::string wanted_token, std::string path, connection_limits limits)
    : host{of}, token{std::move(wanted_token)}, socket_path{std::move(path)}, watch{limits} {}

  // None where no thread can be had.
  static expected<std::unique_ptr<parts>, std::string> make(engine& host, const std::string& token, const std::string& path,
                                                            connection_limits limits) {
    try {
      const std::lock_guard guard{starting_thread};
      return std::make_unique<parts>(host, token, path, limits);
    } catch (const std::system_error& why) {
      return unexpected{std::string{why.what()}};
    }
  }

  engine& host;
  std::string token;
  std::string address;
  std::string socket_path;
  std::optional<file_identity> socket_file; // as bound
  gateway_memory memory;
  waiting_room waiting;
  connection_watch watch;
  std::unique_ptr<MHD_Daemon, daemon_deleter> daemon;

  // Before it is known what is asked for; none: whoever asks is let in.
  std::optional<gateway_answer> refusal(MHD_Connection* connection, std::string_view path) const {
    if (!socket_path.empty() || path == "/healthz" || path == "/")
      return std::nullopt;
    if (token.empty() && !is_literal_host(request_header(connection, "Host")))
      return problem(421, "Not this host", "without http-token only a literal address or localhost is answered to");
    if (token.empty() || bears_token(request_header(connection, "Authorization"), token))
      return std::nullopt;
    auto refused = problem(401, "Token wanted", "send Authorization: Bearer TOKEN");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
  }

  void start(MHD_Connection* connection, const char* url, const char* method, const std::shared_ptr<pending_answer>& answer) {
    if (auto refused = refusal(connection, url))
      return answer->deliver(std::move(*refused));
    const auto argument = [connection](const char* name) {
      const auto* value = microhttpd().lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
      return value ? std::string_view{value} : std::string_view{};
    };
    const gateway_request request{method, url, request_header(connection, "Accept-Encoding"),
                                  request_header(connection, "If-None-Match"), !socket_path.empty(), argument};
    route(host, memory, request, [answer](gateway_answer given) { answer->deliver(std::move(given)); });
  }

  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, std::size_t* upload, void** request) {
    auto& here = *static_cast<parts*>(self);
    // The first call of a request is for its headers alone; a body is read and thrown away.
    if (!*request) {
      here.watch.asked(socket_of(connection));
      *request = std::make_unique<request_state>().release();
      return MHD_YES;
    }
    auto& state = *static_cast<request_state*>(*request);
    if (*upload > 0) {
      state.body += std::exchange(*upload, 0);
      return state.body > body_bytes_max ? MHD_NO : MHD_YES;
    }
    if (!state.answer) {
      state.answer = std::make_shared<pending_answer>();
      here.start(connection, url, method, state.answer);
    }
    if (auto answer = state.answer->take())
      return send_answer(connection, std::move(*answer));
    if (!here.waiting.enter(state.answer))
      return send_answer(connection, problem(503, "Stopping", "this server is about to stop"));
    if (auto answer = state.answer->take_or_suspend(connection))
      return send_answer(connection, std::move(*answer));
    return MHD_YES;
  }

  static void connected(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode what) {
    auto& here = *static_cast<parts*>(self);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
      here.watch.begun(socket_of(connection));
    else
      here.watch.ended(socket_of(connection));
  }

  static std::size_t decode(void*, MHD_Connection*, char* text) { return decode_percent(text); }

  static void completed(void* self, MHD_Connection* connection, void** request, MHD_RequestTerminationCode) {
    static_cast<parts*>(self)->watch.answered(socket_of(connection));
    const std::unique_ptr<request_state> state{static_cast<request_state*>(std::exchange(*request, nullptr))};
    if (state && state->answer)
      static_cast<parts*>(self)->waiting.leave(state->answer);
  }

  bool listen(unsigned flags, std::uint16_t port, MHD_OptionItem where) {
    std::array<MHD_OptionItem, 2> options{where, {MHD_OPTION_END, 0, nullptr}};
    const std::lock_guard guard{starting_thread};
    daemon.reset(microhttpd().start_daemon(flags | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port, nullptr, nullptr,
                                  &parts::handle, this, MHD_OPTION_ARRAY, options.data(), MHD_OPTION_NOTIFY_COMPLETED,
                                  &parts::completed, this, MHD_OPTION_NOTIFY_CONNECTION, &parts::connected, this,
                                  MHD_OPTION_UNESCAPE_CALLBACK, &parts::decode, this,
                                  MHD_OPTION_CONNECTION_LIMIT, connections_max,
                                  MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_END));
    return daemon != nullptr;
  }
};

http_gateway::http_gateway(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

http_gateway::~http_gateway() {
  // While it still listens: its number cannot be another file's yet, and nobody takes its place.
  if (parts_->socket_file && identity_of(parts_->socket_path) == parts_->socket_file)
    ::unlink(parts_->socket_path.c_str());
  parts_->waiting.close(farewell);
  parts_->daemon.reset();
}

const std::string& http_gateway::address() const noexcept { return parts_->address; }

expected<std::unique_ptr<http_gateway>, std::string> http_gateway::open(engine& host, const std::string& address,
                                                                        const std::string& token, connection_limits limits) {
  const auto wanted = parse_http_address(address);
  if (!wanted)
    return unexpected{"'" + address + "' is no address; accepted: HOST:PORT"};
  // Whoever sets fields and never parses had nobody to tell him.
  if (!wanted->loopback && token.empty())
    return unexpected{"'" + address + "' is not loopback: that wants http-token"};
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  const bool is_v6 = ::inet_pton(AF_INET6, wanted->host.c_str(), &v6.sin6_addr) == 1;
  if (is_v6) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(wanted->port);
  } else if (::inet_pton(AF_INET, wanted->host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(wanted->port);
  } else {
    return unexpected{"'" + wanted->host + "' is no literal address"};
  }
  if (const auto& library = microhttpd_library::get(); !library)
    return unexpected{library.error()};
  auto made = parts::make(host, token, std::string{}, limits);
  if (!made)
    return unexpected{made.error()};
  auto& all = *made;
  if (!all->listen(MHD_USE_TURBO | (is_v6 ? unsigned{MHD_USE_IPv6} : 0u), wanted->port,
                   {MHD_OPTION_SOCK_ADDR, 0, &storage}))
    return unexpected{"cannot listen on " + address + ": " + std::strerror(errno)};
  const auto port = microhttpd().get_daemon_info(all->daemon.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
  all->address = (is_v6 ? '[' + wanted->host + ']' : wanted->host) + ':' + std::to_string(port);
  return std::unique_ptr<http_gateway>{new http_gateway{std::move(all)}};
}

expected<std::unique_ptr<http_gateway>, std::string> http_gateway::open_socket(engine& host, const std::string& path) {
  if (const auto& library = microhttpd_library::get(); !library)
    return unexpected{library.error()};
  auto made = parts::make(host, std::string{}, path, connection_limits{});
  if (!made)
    return unexpected{made.error()};
  const auto listening = listen_on_socket(path);
  if (!listening)
    return unexpected{listening.error()};
  auto& all = *made;
  if (!all->listen(0, 0, {MHD_OPTION_LISTEN_SOCKET, *listening, nullptr}))
    return unexpected{path + ": cannot be listened on"};
  all->socket_file = identity_of(path);
  return std::unique_ptr<http_gateway>{new http_gateway{std::move(all)}};
}

} // namespace holdfast
