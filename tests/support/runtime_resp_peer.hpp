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
#include <list>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "tests/support/runtime_scripted_link.hpp"

namespace holdfast::test {

class resp_peer {
public:
  // `target`: the unix socket of a real server; empty: nobody is behind and what no misdeed answers is never answered.
  explicit resp_peer(std::string target = {});
  ~resp_peer();
  resp_peer(const resp_peer&) = delete;
  resp_peer& operator=(const resp_peer&) = delete;

  std::string socket() const { return (folder_ / "peer.sock").string(); }
  std::string url() const { return "unix://" + socket(); }

  // Each misdeed happens once, in the order given, to the first request that holds its `seen`.
  void next(misdeed one);
  // From now on about `share` of all requests meet with a lost reply, half a request or half a reply.
  void chaos(std::uint64_t seed, double share);
  void behave();

  std::size_t connections() const; // accepted so far
  std::size_t done() const;        // misdeeds so far

private:
  void serve();
  void accept_one();
  void pump(scripted_link& link, bool from_client, bool from_server);
  misdeed choose(const std::string& request);

  std::filesystem::path folder_;
  std::string target_;
  int listener_ = -1;
  int stop_read_ = -1;
  int stop_write_ = -1;
  mutable std::mutex mutex_; // guards what follows up to links_
  std::deque<misdeed> planned_;
  std::mt19937_64 random_;
  double share_ = 0;
  std::size_t connections_ = 0;
  std::size_t done_ = 0;
  std::list<scripted_link> links_; // of the thread alone
  std::thread thread_;
};

} // namespace holdfast::test
