#include <algorithm>
#include <cstdio>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/top_screen.hpp"
#include "runtime/clock.hpp"

namespace holdfast::app {

namespace {

using namespace std::chrono_literals;

constexpr auto interval = 1000ms;

std::optional<top_sample> take_sample(const std::string& folder) {
  const auto status = ask_serve(folder, "GET", "/api/v1/status?events=50", 3000ms);
  const auto counters = ask_serve(folder, "GET", "/api/v1/counters", 3000ms);
  if (!status || status->status != 200 || !counters || counters->status != 200)
    return std::nullopt;
  return read_sample(status->body, counters->body, boot_clock::now().time_since_epoch());
}

exit_status run_live(const std::string& folder, top_sample first) {
  full_screen screen;
  std::optional<top_sample> before;
  std::optional<top_sample> now{std::move(first)};
  auto next = boot_clock::now() + interval;
  for (bool answers = true;;) {
    auto size = size_of_terminal();
    size.rows -= 1;
    const auto note = answers ? "q quits" : "NO ANSWER from serve; q quits";
    screen.show(draw_top(*now, before ? &*before : nullptr, size, true) + '\n' + std::string{note}.substr(0, static_cast<std::size_t>(size.columns)));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - boot_clock::now());
    if (const int key = screen.wait_for_key(std::max(left, 0ms)); key == 'q' || key == 'Q')
      return exit_status::done;
    if (boot_clock::now() < next)
      continue;
    next = boot_clock::now() + interval;
    auto sample = take_sample(folder);
    answers = sample.has_value();
    if (sample) {
      before = std::move(now);
      now = std::move(sample);
    }
  }
}

} // namespace

exit_status run_top(invocation& call) {
  if (!call.words.empty())
    return refuse_usage("top takes no words, only options");
  const auto folder = state_path_of(call.config);
  auto sample = take_sample(folder);
  if (!sample)
    return fail("no serve answers on " + folder + "; start holdfast serve, or name its folder with --state-dir");
  const bool once = std::find(call.extra.begin(), call.extra.end(), "--once") != call.extra.end();
  if (!once && !is_terminal())
    return fail("top needs a terminal; --once prints one screen");
  if (!once)
    return run_live(folder, std::move(*sample));
  std::printf("%s\n", draw_top(*sample, nullptr, size_of_terminal(), false).c_str());
  return exit_status::done;
}

} // namespace holdfast::app
