// Private to the gateway: one request on its way through libmicrohttpd, whose connection sleeps while actors are asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "engine/http_answer.hpp"
#include "engine/microhttpd_library.hpp"

namespace holdfast {

// Where an answer meets its connection, whichever of the two is ready first.
class pending_answer {
public:
  // The first answer counts; wakes the connection if it sleeps. Any thread.
  void deliver(gateway_answer answer);
  // The answer if it is there; otherwise puts the connection to sleep until it is.
  std::optional<gateway_answer> take_or_suspend(MHD_Connection* connection);
  std::optional<gateway_answer> take();

private:
  std::mutex mutex_;
  std::optional<gateway_answer> answer_;
  bool delivered_ = false;
  MHD_Connection* asleep_ = nullptr;
};

// Every request that waits for an actor, so that none is left asleep when the gateway closes.
class waiting_room {
public:
  // False: the gateway is closing.
  bool enter(const std::shared_ptr<pending_answer>& request);
  void leave(const std::shared_ptr<pending_answer>& request);
  // Answers all who wait, gives the answers time to be sent, and refuses everybody from now on.
  void close(std::chrono::milliseconds patience);

private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::unordered_set<std::shared_ptr<pending_answer>> waiting_;
  bool closed_ = false;
};

std::string_view request_header(MHD_Connection* connection, const char* name);
MHD_Result send_answer(MHD_Connection* connection, gateway_answer answer);

} // namespace holdfast
