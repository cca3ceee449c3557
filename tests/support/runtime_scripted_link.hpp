// One connection through a resp_peer, and what goes wrong on it. Used by the peer's thread alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace holdfast::test {

enum class misdeed_kind {
  none,
  drop_reply,  // the server applies the request; its reply is lost with the connection
  cut_request, // the server gets `bytes` of the request, then both sides lose the connection
  cut_reply,   // the client gets `bytes` of the reply, then both sides lose the connection
  trickle,     // the reply comes one byte per `pause`
  delay,       // the reply comes whole, after `pause`
  stall,       // nothing is forwarded or answered any more; the connection stays
  say,         // the server hears nothing; the client gets `text`, the connection stays
  add,         // the true reply is followed by `text`
  lie,         // the first length that the true reply tells is `bytes`
};

struct misdeed {
  misdeed_kind kind = misdeed_kind::none;
  std::string seen; // the request must hold this; empty: any
  std::size_t bytes = 0;
  std::string text;
  std::chrono::milliseconds pause{0};
};

class scripted_link {
public:
  using time = std::chrono::steady_clock::time_point;

  scripted_link(int client, int server) : client_{client}, server_{server} {}
  ~scripted_link();
  scripted_link(const scripted_link&) = delete;
  scripted_link& operator=(const scripted_link&) = delete;

  int client() const noexcept { return client_; }
  int server() const noexcept { return server_; } // -1: nobody is behind
  bool over() const noexcept { return over_; }
  bool waits() const noexcept { return !held_.empty(); } // for due() to be called again

  void request(const std::string& bytes, const misdeed& what, time now);
  void reply(const std::string& bytes, time now);
  void due(time now); // gives out what is held back and may go now
  void end() noexcept { over_ = true; }

private:
  void give(int handle, std::string_view bytes);

  int client_;
  int server_;
  bool over_ = false;
  misdeed now_;
  std::string held_;
  time next_{};
};

} // namespace holdfast::test
