#include "tests/support/runtime_redis_proxy.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace holdfast::test {

namespace {

constexpr auto errors = std::to_array<std::string_view>(
  {"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
   "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "CLUSTERDOWN Hash slot not served",
   "OOM command not allowed when used memory > 'maxmemory'.", "NOAUTH Authentication required.",
   "NOREPLICAS Not enough good replicas to write.", "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
   "BUSY Redis is busy running a script.", "NOSCRIPT No matching script.", "ERR max number of clients reached",
   "TRYAGAIN Multiple keys request during rehashing of slot"});
constexpr auto garbage = std::to_array<std::string_view>({"HTTP/1.1 400 Bad Request\r\n\r\n", "$x\r\n", ":12a\r\n", "+OK\r\n"});

} // namespace

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
  const std::array<std::pair<misdeed_kind, double>, 9> shares{{{misdeed_kind::drop_reply, faults_.drop_reply},
                                                               {misdeed_kind::cut_request, faults_.cut_request},
                                                               {misdeed_kind::cut_reply, faults_.cut_reply},
                                                               {misdeed_kind::delay, faults_.delay},
                                                               {misdeed_kind::trickle, faults_.trickle},
                                                               {misdeed_kind::stall, faults_.stall},
                                                               {misdeed_kind::say, faults_.error},
                                                               {misdeed_kind::add, faults_.garbage},
                                                               {misdeed_kind::lie, faults_.lie}}};
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
    if (kind == misdeed_kind::say)
      one.text = '-' + std::string{errors[random_() % errors.size()]} + "\r\n";
    if (kind == misdeed_kind::add)
      one.text = garbage[random_() % garbage.size()];
    one.pause = std::chrono::milliseconds{1 + static_cast<std::int64_t>(random_() % 1024) * faults_.pause_max.count() / 1024};
    return one;
  }
  return {};
}

} // namespace holdfast::test
