// A proxy between a client and a real redis-server whose faults follow from a seed: replies lost after the server
// applied the command, requests and replies cut anywhere, delays, trickles, stalls, refused connections, errors of every kind in
// place of the server, garbage, lies about lengths.
//
// Threads  one of its own; every member function: any.
// Bounds   its destructor ends every connection and joins its thread.
// Seed     the same requests in the same pieces meet the same faults; what the kernel joins or splits may shift them.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>

#include "tests/support/runtime_resp_peer.hpp"

namespace holdfast::test {

// Shares of all requests from 0 to 1, together at most 1; `refuse` is a share of the connections.
struct proxy_faults {
  double drop_reply = 0;
  double cut_request = 0;
  double cut_reply = 0;
  double delay = 0;   // by up to `pause_max`
  double trickle = 0; // a byte per up to `pause_max`
  double stall = 0;   // for good, until somebody ends the connection
  double error = 0;   // the server hears nothing; the client gets one of the errors that a Redis answers
  double garbage = 0; // what nobody asked for, mostly no RESP, behind the reply
  double lie = 0;     // the first length in the reply is another one
  double refuse = 0;
  std::chrono::milliseconds pause_max{20};
};

class redis_proxy {
public:
  // `target`: the unix socket of the server; it may come and go.
  redis_proxy(std::string target, std::uint64_t seed);

  std::string url() const { return peer_.url(); }
  std::string socket() const { return peer_.socket(); }

  void misbehave(const proxy_faults& faults);
  void behave() { misbehave({}); } // stalled connections stay stalled
  void next(misdeed one) { peer_.next(std::move(one)); }
  void cut_all() { peer_.cut_all(); }

  std::size_t connections() const { return peer_.connections(); } // let in so far
  std::size_t faults() const { return peer_.done(); }             // so far

private:
  misdeed choose(const std::string& request);
  bool chance(double share);

  std::mutex mutex_; // guards what follows up to peer_
  std::mt19937_64 random_;
  proxy_faults faults_;
  resp_peer peer_;
};

} // namespace holdfast::test
