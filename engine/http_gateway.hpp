// The HTTP side of an engine: symbols, counters and status as JSON, over TCP or a unix socket.
//
// Threads   one serves (libmicrohttpd's), one watches for slow clients. Fresh lists are answered from the board without a
//           message to any actor, and a connection sleeps while actors are asked: no slow question holds up another request.
// Bounds    64 connections, of which idle ones give way; 15 s of silence, 30 s for a head, 30 s for the rest and the answer;
//           32 KiB of head, 64 KiB of body; questions to actors wait at most 2 s.
// Security  every route but /healthz and the dashboard's page wants the token, where one is set (compared in constant time).
//           Beyond loopback there is no gateway without one. The unix socket needs none: its file belongs to its owner alone.
//           SECURITY.md has the threats.
// Errors    open() answers why there is no gateway. Errors to clients are application/problem+json.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <holdfast/engine/connection_watch.hpp>
#include <holdfast/engine/engine.hpp>
#include <holdfast/runtime/expected.hpp>

namespace holdfast {

class http_gateway {
public:
  // `address` as in the option `http`; port 0 picks a free one.
  static expected<std::unique_ptr<http_gateway>, std::string> open(engine& host, const std::string& address,
                                                                   const std::string& token, connection_limits limits = {});
  // On a unix socket of mode 0600, where nobody listens yet; takes increments too (POST /control/incr/{key}/{amount}).
  static expected<std::unique_ptr<http_gateway>, std::string> open_socket(engine& host, const std::string& path);
  ~http_gateway();
  http_gateway(const http_gateway&) = delete;
  http_gateway& operator=(const http_gateway&) = delete;

  // "127.0.0.1:8080", with the real port; empty for a unix socket.
  const std::string& address() const noexcept;

private:
  struct parts;
  explicit http_gateway(std::unique_ptr<parts> all);
  std::unique_ptr<parts> parts_;
};

} // namespace holdfast
