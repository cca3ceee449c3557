#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/top_screen.hpp"
#include "runtime/clock.hpp"

namespace holdfast::app {

namespace {

using namespace std::chrono_literals;

constexpr auto interval = 1000ms;
// Those who look at the same time share a reading; it is taken once.
constexpr auto shared_for = 800ms;
constexpr auto same_reading = shared_for / 2;

std::optional<top_sample> take_sample(const std::string& folder, const std::function<bool()>& given_up = {}) {
  const auto status = ask_serve(folder, "GET", "/api/v1/status?events=50", 3000ms, given_up);
  if (!status || status->status != 200)
    return std::nullopt;
  const auto counters =
    ask_serve(folder, "GET", "/api/v1/counters?max_age_ms=" + std::to_string(shared_for.count()), 3000ms, given_up);
  if (!counters || counters->status != 200)
    return std::nullopt;
  auto sample = read_sample(status->body, counters->body, boot_clock::now().time_since_epoch() - counters->age);
  if (sample)
    sample->now = std::time(nullptr);
  return sample;
}

class live_top {
public:
  live_top(std::string folder, top_sample first) : folder_{std::move(folder)}, now_{std::move(first)} {}

  // Until q is pressed.
  void run() {
    for (auto next = boot_clock::now() + interval; !over_;) {
      draw();
      look_at_keys(std::max(std::chrono::ceil<std::chrono::milliseconds>(next - boot_clock::now()), 0ms));
      if (over_ || boot_clock::now() < next)
        continue;
      next = boot_clock::now() + interval;
      sample();
    }
  }

private:
  void draw() {
    drawn_ = size_of_terminal();
    const std::string note{answers_ ? "q quits" : "NO ANSWER from serve; q quits"};
    const auto last = note.substr(0, static_cast<std::size_t>(drawn_.columns));
    const auto rest = draw_top(now_, before_ ? &*before_ : nullptr, {drawn_.columns, drawn_.rows - 1}, true);
    screen_.show(drawn_.rows > 1 ? rest + '\n' + last : last);
  }

  void look_at_keys(std::chrono::milliseconds at_most) {
    const int key = screen_.wait_for_key(at_most);
    over_ = over_ || key == 'q' || key == 'Q';
  }

  // A serve that hangs keeps neither the keys waiting nor the screen from fitting its terminal.
  void sample() {
    auto taken = take_sample(folder_, [this] {
      look_at_keys(0ms);
      if (!over_ && size_of_terminal() != drawn_)
        draw();
      return over_;
    });
    answers_ = taken.has_value();
    if (!taken)
      return;
    if (taken->at - now_.at < same_reading) {
      now_.status = std::move(taken->status);
      now_.now = taken->now;
      return;
    }
    before_ = std::exchange(now_, std::move(*taken));
  }

  std::string folder_;
  full_screen screen_;
  std::optional<top_sample> before_;
  top_sample now_;
  terminal_size drawn_;
  bool answers_ = true;
  bool over_ = false;
};

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
  if (!once) {
    live_top{folder, std::move(*sample)}.run();
    return exit_status::done;
  }
  std::printf("%s\n", draw_top(*sample, nullptr, size_of_terminal(), false).c_str());
  return exit_status::done;
}

} // namespace holdfast::app
