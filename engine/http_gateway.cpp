#include "engine/http_gateway.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/option_table.hpp"
#include "engine/http_routes.hpp"

namespace holdfast {

namespace {

struct daemon_deleter {
  void operator()(MHD_Daemon* daemon) const noexcept { MHD_stop_daemon(daemon); }
};
struct response_deleter {
  void operator()(MHD_Response* response) const noexcept { MHD_destroy_response(response); }
};

// As long as the longer one, whatever they hold.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(i < b.size() ? b[i] : 0);
  return difference == 0;
}

std::string_view header(MHD_Connection* connection, const char* name) {
  const auto* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value ? std::string_view{value} : std::string_view{};
}

void release_body(void* holder) { std::unique_ptr<std::shared_ptr<const std::string>>{static_cast<std::shared_ptr<const std::string>*>(holder)}.reset(); }

ssize_t read_shared(void* holder, std::uint64_t position, char* buffer, std::size_t most) {
  const auto& body = **static_cast<std::shared_ptr<const std::string>*>(holder);
  if (position >= body.size())
    return MHD_CONTENT_READER_END_OF_STREAM;
  const auto size = std::min(most, body.size() - static_cast<std::size_t>(position));
  std::memcpy(buffer, body.data() + position, size);
  return static_cast<ssize_t>(size);
}

MHD_Response* make_response(const gateway_answer& answer) {
  if (!answer.shared_body)
    return MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  auto holder = std::make_unique<std::shared_ptr<const std::string>>(answer.shared_body);
  return MHD_create_response_from_callback(answer.shared_body->size(), 65536, &read_shared, holder.release(), &release_body);
}

MHD_Result send(MHD_Connection* connection, const gateway_answer& answer) {
  const std::unique_ptr<MHD_Response, response_deleter> response{make_response(answer)};
  if (!response)
    return MHD_NO;
  for (const auto& [name, value] : answer.headers)
    MHD_add_response_header(response.get(), name.c_str(), value.c_str());
  MHD_add_response_header(response.get(), "X-Content-Type-Options", "nosniff");
  return MHD_queue_response(connection, answer.status, response.get());
}

// A descriptor that listens, or why there is none.
expected<int, std::string> listen_on_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return unexpected{path + ": the path is too long for a unix socket"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ::unlink(path.c_str());
  const auto before = ::umask(0177);
  const bool good = handle >= 0 && ::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
                    && ::listen(handle, 16) == 0;
  ::umask(before);
  if (good)
    return handle;
  const std::string why = path + ": " + std::strerror(errno);
  if (handle >= 0)
    ::close(handle);
  return unexpected{why};
}

} // namespace

struct http_gateway::parts {
  engine& host;
  std::string token;
  std::string address;
  std::string socket_path;
  list_body_cache bodies;
  std::unique_ptr<MHD_Daemon, daemon_deleter> daemon;

  bool admits(MHD_Connection* connection, std::string_view path) const {
    constexpr std::string_view scheme = "Bearer ";
    if (token.empty() || path == "/healthz")
      return true;
    const auto given = header(connection, "Authorization");
    return given.starts_with(scheme) && equal_in_constant_time(given.substr(scheme.size()), token);
  }

  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, std::size_t* upload, void** seen) {
    auto& here = *static_cast<parts*>(self);
    // The first call of a request is for its headers alone; a body is read and thrown away.
    if (!*seen) {
      *seen = self;
      return MHD_YES;
    }
    if (*upload > 0) {
      *upload = 0;
      return MHD_YES;
    }
    if (!here.admits(connection, url)) {
      auto refused = problem(401, "Token wanted", "send Authorization: Bearer TOKEN");
      refused.headers.emplace_back("WWW-Authenticate", "Bearer");
      return send(connection, refused);
    }
    const auto* match = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "match");
    const gateway_request request{method, url, header(connection, "Accept-Encoding"), header(connection, "If-None-Match"),
                                  match ? match : "", !here.socket_path.empty()};
    return send(connection, route(here.host, here.bodies, request));
  }
};

http_gateway::http_gateway(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

http_gateway::~http_gateway() {
  if (!parts_->socket_path.empty())
    ::unlink(parts_->socket_path.c_str());
}

const std::string& http_gateway::address() const noexcept { return parts_->address; }

expected<std::unique_ptr<http_gateway>, std::string> http_gateway::open(engine& host, const std::string& address,
                                                                        const std::string& token) {
  const auto wanted = parse_http_address(address);
  if (!wanted)
    return unexpected{"'" + address + "' is no address; accepted: HOST:PORT"};
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
  auto all = std::unique_ptr<parts>{new parts{host, token, {}, {}, {}, {}}};
  const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | (is_v6 ? unsigned{MHD_USE_IPv6} : 0u);
  all->daemon.reset(MHD_start_daemon(flags, wanted->port, nullptr, nullptr, &parts::handle, all.get(), MHD_OPTION_SOCK_ADDR,
                                     &storage, MHD_OPTION_CONNECTION_LIMIT, 64u, MHD_OPTION_CONNECTION_TIMEOUT, 15u,
                                     MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_END));
  if (!all->daemon)
    return unexpected{"cannot listen on " + address + ": " + std::strerror(errno)};
  const auto port = MHD_get_daemon_info(all->daemon.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
  all->address = (is_v6 ? '[' + wanted->host + ']' : wanted->host) + ':' + std::to_string(port);
  return std::unique_ptr<http_gateway>{new http_gateway{std::move(all)}};
}

expected<std::unique_ptr<http_gateway>, std::string> http_gateway::open_socket(engine& host, const std::string& path) {
  const auto listening = listen_on_socket(path);
  if (!listening)
    return unexpected{listening.error()};
  auto all = std::unique_ptr<parts>{new parts{host, {}, {}, path, {}, {}}};
  all->daemon.reset(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, &parts::handle, all.get(),
                                     MHD_OPTION_LISTEN_SOCKET, *listening, MHD_OPTION_CONNECTION_LIMIT, 16u,
                                     MHD_OPTION_CONNECTION_TIMEOUT, 15u, MHD_OPTION_END));
  if (!all->daemon)
    return unexpected{path + ": cannot be listened on"};
  return std::unique_ptr<http_gateway>{new http_gateway{std::move(all)}};
}

} // namespace holdfast
