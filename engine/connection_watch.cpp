#include "engine/connection_watch.hpp"

#include <algorithm>

#include <sys/socket.h>

namespace holdfast {

connection_watch::connection_watch(connection_limits limits) : limits_{limits}, thread_{[this] { look_on(); }} {}

connection_watch::~connection_watch() {
  {
    const std::lock_guard guard{mutex_};
    stop_ = true;
  }
  news_.notify_all();
  thread_.join();
}

void connection_watch::begun(int socket) {
  const std::lock_guard guard{mutex_};
  open_[socket] = {boot_clock::now(), true};
  make_room();
  if (open_.size() == 1)
    news_.notify_all();
}

void connection_watch::ended(int socket) {
  const std::lock_guard guard{mutex_};
  open_.erase(socket);
}

void connection_watch::asked(int socket) {
  const std::lock_guard guard{mutex_};
  if (const auto found = open_.find(socket); found != open_.end())
    found->second = {boot_clock::now(), false};
}

void connection_watch::answered(int socket) {
  const std::lock_guard guard{mutex_};
  if (const auto found = open_.find(socket); found != open_.end())
    found->second = {boot_clock::now(), true};
}

void connection_watch::make_room() {
  if (open_.size() <= limits_.crowd)
    return;
  const auto before = [](const auto& a, const auto& b) {
    return std::pair{!a.second.idle, a.second.since} < std::pair{!b.second.idle, b.second.since};
  };
  const auto longest = std::min_element(open_.begin(), open_.end(), before);
  if (longest->second.idle) {
    ::shutdown(longest->first, SHUT_RDWR);
    open_.erase(longest);
  }
}

void connection_watch::look_on() {
  std::unique_lock guard{mutex_};
  while (!stop_) {
    if (open_.empty())
      news_.wait(guard, [this] { return stop_ || !open_.empty(); });
    else
      news_.wait_for(guard, limits_.look_every, [this] { return stop_; });
    const auto now = boot_clock::now();
    for (const auto& [socket, connection] : open_)
      if (now - connection.since > limits_.request)
        ::shutdown(socket, SHUT_RDWR);
  }
}

} // namespace holdfast
