#include "tests/support/runtime_redis_proxy.hpp"

#include <array>
#include <utility>

namespace holdfast::test {

redis_proxy::redis_proxy(std::string target, std::uint64_t seed)
  : random_{seed}, peer_{std::move(target),
                         {[this](const std::string& request) { return choose(request); },
                          [this] {
                            const std::lock_guard lock{mutex_};
                            return chance(faults_.refuse);
                          }}} {}

void redis_proxy::misbehave(const proxy_faults& faults) {
  const std::lock_guard lock{mutex_};
  faults_ = faults;
}

bool redis_proxy::chance(double share) { return std::uniform_real_distribution<double>{0, 1}(random_) < share; }

misdeed redis_proxy::choose(const std::string& request) {
  const std::lock_guard lock{mutex_};
  const std::array<std::pair<misdeed_kind, double>, 6> shares{{{misdeed_kind::drop_reply, faults_.drop_reply},
                                                               {misdeed_kind::cut_request, faults_.cut_request},
                                                               {misdeed_kind::cut_reply, faults_.cut_reply},
                                                               {misdeed_kind::delay, faults_.delay},
                                                               {misdeed_kind::trickle, faults_.trickle},
                                                               {misdeed_kind::stall, faults_.stall}}};
  auto point = std::uniform_real_distribution<double>{0, 1}(random_);
  for (const auto& [kind, share] : shares) {
    if (point >= share) {
      point -= share;
      continue;
    }
    misdeed one{kind};
    // Short cuts are as likely as long ones: replies are short, requests may be megabytes.
    const auto scale = kind == misdeed_kind::cut_request ? request.size() : std::size_t{1} << (random_() % 13);
    one.bytes = random_() % (scale + 1);
    one.pause = std::chrono::milliseconds{1 + static_cast<std::int64_t>(random_() % 1024) * faults_.pause_max.count() / 1024};
    return one;
  }
  return {};
}

} // namespace holdfast::test
