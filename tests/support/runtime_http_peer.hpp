// A peer on a loopback port that reads HTTP requests and answers each with the bytes, good or bad, that a test says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::test {

enum class after_reply : std::uint8_t {
  keep,  // wait for the next request of this connection
  close, // end it in order
  reset, // cut it off
  hang,  // say nothing more, until the peer stops
};

struct peer_reply {
  std::string bytes;
  after_reply then = after_reply::keep;
  bool trickle = false; // one byte at a time, with 10 ms between
};

class http_peer {
public:
  // `script` gets the number of the request (from 0, over all connections) and its head.
  using script = std::function<peer_reply(std::size_t, const std::string&)>;
  explicit http_peer(script answers);
  ~http_peer();
  http_peer(const http_peer&) = delete;
  http_peer& operator=(const http_peer&) = delete;

  std::string url(const std::string& path = "/") const;
  std::uint16_t port() const noexcept { return port_; }
  std::size_t requests() const noexcept { return requests_; }
  std::size_t connections() const noexcept { return connections_; }
  // Heads of all requests so far.
  std::vector<std::string> heads() const;
  // False after ten seconds without.
  bool wait_for_requests(std::size_t count) const;
  // Ends every connection that waits for a request; false after ten seconds without one.
  bool close_idle_connection();

private:
  void accept_all();
  void serve(int handle);
  bool send(int handle, const peer_reply& reply);
  bool stopped_within(int milliseconds) const;

  script script_;
  int listener_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> requests_{0};
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> closed_{0};
  std::atomic<bool> close_idle_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::vector<std::thread> threads_; // of the connections; touched by the accepting thread alone until it ends
  std::thread acceptor_;
};

// A whole answer with its length.
std::string http_reply(const std::string& status, const std::string& body, const std::string& more_headers = "");

} // namespace holdfast::test
