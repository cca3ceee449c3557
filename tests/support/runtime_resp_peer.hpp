// A peer that misbehaves on demand: a proxy in front of a real redis-server, or a server of its own that answers what
// it is told to.
//
// Threads  one of its own; every member function: any.
// Bounds   its destructor ends every connection and joins its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/runtime_scripted_link.hpp"

namespace holdfast::test {

// What happens where nothing is planned; asked by the peer's thread alone.
struct peer_habits {
  std::function<misdeed(const std::string&)> on_request;
  std::function<bool()> refuses; // a connection that comes in
};

class resp_peer {
public:
  // `target`: the unix socket of a real server; empty: nobody is behind and what no misdeed answers is never answered.
  explicit resp_peer(std::string target = {}, peer_habits habits = {});
  ~resp_peer();
  resp_peer(const resp_peer&) = delete;
  resp_peer& operator=(const resp_peer&) = delete;

  std::string socket() const { return (folder_ / "peer.sock").string(); }
  std::string url() const { return "unix://" + socket(); }

  // Each misdeed happens once, in the order given, to the first request that holds its `seen`.
  void next(misdeed one);
  // Ends every connection there is.
  void cut_all();

  std::size_t connections() const; // accepted so far
  std::size_t done() const;        // misdeeds so far

private:
  void serve();
  void poke();
  void accept_one();
  void pump(scripted_link& link, bool from_client, bool from_server);
  misdeed choose(const std::string& request);

  std::filesystem::path folder_;
  std::string target_;
  peer_habits habits_;
  int listener_ = -1;
  int wake_ = -1;
  mutable std::mutex mutex_; // guards what follows up to links_
  std::deque<misdeed> planned_;
  std::size_t connections_ = 0;
  std::size_t done_ = 0;
  bool cut_ = false;
  bool stop_ = false;
  std::list<scripted_link> links_; // of the thread alone
  std::thread thread_;
};

} // namespace holdfast::test
