// For the gateway: ends connections whose clients are too slow, or hold a place that others want. libmicrohttpd
// knows only how long a client has been silent, so that one byte now and then would keep a place for ever.
//
// Threads  any; one of its own, asleep while there is no connection.
// Bounds   from its begin, or from the end of its last request, a connection has `limits.request` to send the head of one, and
//          as long again to send the rest and take the answer; past `limits.crowd` connections the one longest idle goes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <holdfast/runtime/clock.hpp>

namespace holdfast {

struct connection_limits {
  std::chrono::nanoseconds request = std::chrono::seconds{30};
  std::chrono::nanoseconds look_every = std::chrono::seconds{1};
  std::size_t crowd = 56;
};

class connection_watch {
public:
  explicit connection_watch(connection_limits limits = {});
  ~connection_watch();
  connection_watch(const connection_watch&) = delete;
  connection_watch& operator=(const connection_watch&) = delete;

  // The socket of a connection, from its begin until before it is closed.
  void begun(int socket);
  void ended(int socket);
  // A request's head is complete; its answer is sent.
  void asked(int socket);
  void answered(int socket);

private:
  struct one {
    boot_time since;
    bool idle = true;
  };
  void look_on();
  void make_room();

  connection_limits limits_;
  std::mutex mutex_; // held while a socket is shut down, so that its number is not another one's by then
  std::condition_variable news_;
  std::unordered_map<int, one> open_;
  bool stop_ = false;
  std::thread thread_;
};

} // namespace holdfast
