// soak_host REDIS-URL STATE-DIR EXCHANGE-URL: a host process that counts and looks up symbols in bursts and measures every
// single call. Reads commands from standard input and answers each with one line:
//   window   {"reads":{"n","p50","p99","p999"},"increments":{...}}  nanoseconds, since the command before
//   totals   {"a":..,"b":..}     what was counted, after the counting has stopped for good and everything is flushed
// Ends at the end of its input.
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#include <caf/actor_system.hpp>
#include <malloc.h>
#include <poll.h>

#include "engine/engine.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t fine = 4096; // buckets of a nanosecond; longer ones are kept in powers of two
constexpr int burst = 5000;

// Of the measuring thread; exchanged whole for a fresh one by whoever reports.
struct histogram {
  std::array<std::uint64_t, fine + 64> buckets{};

  void add(std::int64_t ns) {
    const auto length = static_cast<std::uint64_t>(ns < 0 ? 0 : ns);
    ++buckets[length < fine ? length : fine + static_cast<std::size_t>(std::bit_width(length))];
  }
  std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const auto n : buckets)
      sum += n;
    return sum;
  }
  // The upper end of the bucket that holds this share of all.
  std::uint64_t at(double share) const {
    auto left = static_cast<std::uint64_t>(static_cast<double>(count()) * share);
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (left < buckets[i])
        return i < fine ? i : std::uint64_t{1} << (i - fine);
      left -= buckets[i];
    }
    return 0;
  }
  void print(const char* name) const {
    std::printf("\"%s\":{\"n\":%lu,\"p50\":%lu,\"p99\":%lu,\"p999\":%lu}", name, count(), at(0.5), at(0.99), at(0.999));
  }
};

struct measured {
  histogram reads;
  histogram increments;
};

class hot_path {
public:
  explicit hot_path(engine& front) : front_{front}, thread_{[this] { run(); }} {}
  ~hot_path() { stop(); }

  // What was measured since the last time.
  measured take() {
    wanted_ = true;
    while (wanted_)
      ::poll(nullptr, 0, 1);
    return taken_;
  }
  void stop() {
    stop_ = true;
    if (thread_.joinable())
      thread_.join();
  }
  std::uint64_t counted() const { return counted_; }
  std::uint64_t found() const { return found_; }

private:
  void run() {
    auto view = front_.symbols(market::spot);
    auto ones = front_.counter("metrics:soak:a");
    auto threes = front_.counter("metrics:soak:b");
    while (!stop_) {
      for (int i = 0; i < burst; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        const bool there = view.find("BTCUSDT") != nullptr && view.size() > 0;
        const auto middle = std::chrono::steady_clock::now();
        ones.incr();
        threes.incr(3);
        const auto end = std::chrono::steady_clock::now();
        now_.reads.add((middle - begin).count());
        now_.increments.add((end - middle).count());
        found_ += there ? 1 : 0;
        ++counted_;
      }
      if (wanted_) {
        taken_ = now_;
        now_ = {};
        wanted_ = false;
      }
      ::poll(nullptr, 0, 5);
    }
  }

  engine& front_;
  std::atomic<bool> wanted_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> counted_{0};
  std::atomic<std::uint64_t> found_{0};
  measured now_;
  measured taken_;
  std::thread thread_;
};

void report_window(hot_path& path) {
  const auto window = path.take();
  std::printf("{");
  window.reads.print("reads");
  std::printf(",");
  window.increments.print("increments");
  std::printf("}\n");
}

void report_totals(hot_path& path, engine& front) {
  path.stop();
  const bool flushed = front.flush(30s);
  std::printf("{\"a\":%lu,\"b\":%lu,\"found\":%lu,\"flushed\":%s}\n", path.counted(), 3 * path.counted(), path.found(),
              flushed ? "true" : "false");
}

} // namespace

int main(int count, char** words) {
  if (count != 4)
    return 2;
  ::mallopt(M_ARENA_MAX, 2); // as `serve` does, and as docs/operations.md tells hosts
  engine_config config;
  config.redis_url = words[1];
  config.state_dir = words[2];
  config.spot_urls = config.futures_urls = {words[3]};
  config.spot_ttl = config.futures_ttl = 2s;
  config.spot_warmup_interval = config.futures_warmup_interval = 1s;
  caf::actor_system system{config};
  engine front{system};
  if (!front.symbols_sync(market::spot, 10s).table)
    return 1;
  hot_path path{front};
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "window")
      report_window(path);
    else if (line == "totals")
      report_totals(path, front);
    std::fflush(stdout);
  }
}
