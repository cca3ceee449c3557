#include "runtime/redis_subscription.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/backoff.hpp"
#include "runtime/redis_remedy.hpp"
#include "runtime/socket_connect.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr auto sign_of_life_interval = 5s;
constexpr auto refused_pause = 5s;

} // namespace

redis_subscription::redis_subscription(redis_subscription_settings settings, std::function<void(std::string_view)> heard)
  : settings_{std::move(settings)}, heard_{std::move(heard)}, stop_{::eventfd(0, EFD_CLOEXEC)} {
  // Without it nothing could end the thread.
  if (stop_ < 0)
    throw std::runtime_error{std::string{"no descriptor to stop them by: "} + std::strerror(errno)};
  try {
    thread_ = std::thread{[this] { serve(); }};
  } catch (...) {
    ::close(stop_);
    throw;
  }
}

redis_subscription::~redis_subscription() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(stop_);
}

bool redis_subscription::stopped_within(std::chrono::nanoseconds span) const {
  pollfd wait{stop_, POLLIN, 0};
  return ::poll(&wait, 1, poll_timeout(boot_clock::now() + span)) > 0;
}

void redis_subscription::serve() {
  backoff retry{50ms, 2s, std::random_device{}()};
  backoff rarely{refused_pause, refused_pause, std::random_device{}()};
  for (;;) {
    const auto failure = hear_safely();
    if (stopped_within(0ns))
      return;
    if (std::exchange(subscribed_, false))
      retry.reset();
    const bool refused = failure.kind == redis_failure_kind::refused;
    if (refused)
      refusal_.failed(failure.detail);
    if (stopped_within(refused ? refused_pause + rarely.next() : retry.next() + 10ms))
      return;
  }
}

// Nothing may leave the thread: that would end the host.
redis_failure redis_subscription::hear_safely() noexcept try {
  return hear();
} catch (const std::exception&) {
  return {};
}

redis_failure redis_subscription::hear() {
  auto client = redis_client::connect(settings_.url, boot_clock::now() + settings_.connect_timeout, stop_);
  if (!client)
    return client.error();
  // News may come right behind the confirmation: both are read as what comes unasked.
  const auto deadline = boot_clock::now() + settings_.reply_timeout;
  if (auto broken = (*client)->say({"SUBSCRIBE", settings_.channel}, deadline))
    return std::move(*broken);
  const auto confirmed = (*client)->await_push(deadline);
  if (!confirmed)
    return confirmed.error();
  if (!*confirmed)
    return {redis_failure_kind::timeout, "no whole reply in time"};
  const auto& answer = **confirmed;
  if (answer.is_error())
    return {remedy_of(answer.text) == redis_remedy::reconnect ? redis_failure_kind::closed : redis_failure_kind::refused,
            answer.text};
  subscribed_ = true;
  refusal_.recovered();
  return listen(**client);
}

redis_failure redis_subscription::listen(redis_client& client) {
  bool asked = false;
  for (;;) {
    const auto now = boot_clock::now();
    const auto patience = asked ? settings_.reply_timeout : std::chrono::nanoseconds{sign_of_life_interval};
    auto push = client.await_push(now + patience);
    if (!push)
      return push.error();
    if (stopped_within(0ns))
      return {};
    if (!*push && asked)
      return {redis_failure_kind::timeout, "no sign of life"};
    asked = !*push;
    if (asked) {
      if (auto broken = client.say({"PING"}, now + patience + settings_.reply_timeout))
        return std::move(*broken);
      continue;
    }
    const auto& parts = (**push).elements;
    if (parts.size() == 3 && parts[0].text == "message")
      heard_(parts[2].text);
  }
}

} // namespace holdfast
