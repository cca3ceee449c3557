#include "runtime/embargo.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/log.hpp"
#include "runtime/retry_after.hpp"
#include "runtime/whole_file.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view own_share_mark = "own_share";

constexpr std::size_t line_bytes_max = 128;

std::string read_line(const std::string& path) {
  const auto text = read_beginning(path, line_bytes_max);
  return text.substr(0, text.find('\n'));
}

std::optional<std::int64_t> take_seconds(std::string_view& text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::int64_t year_9999 = 253'402'300'800;
  if (read.ec != std::errc{} || number < 0 || number > year_9999)
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return number;
}

std::int64_t unix_seconds(wall_time time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

} // namespace

std::string embargo_file_name(market which, std::string_view site) {
  return std::string{"embargo_"}.append(to_string(which)).append("_").append(site);
}

embargo::embargo(market which, std::string file, clock_ptr clock)
  : which_{which}, file_{std::move(file)}, clock_{std::move(clock)} {
  look();
}

void embargo::close_for(std::chrono::seconds length, embargo_cause cause) {
  length = std::clamp(length, std::chrono::seconds{1}, embargo_max);
  look(); // a sibling may have been told to wait for longer, and the file holds one line
  std::lock_guard guard{mutex_};
  // To the end of the second: told within it, all who share the line have the same end, and nobody is early.
  const auto wall = clock_->wall_now();
  const auto end = std::chrono::ceil<std::chrono::seconds>(wall + length);
  const auto until = clock_->boot_now() + (end - wall);
  if (until <= until_)
    return;
  until_ = until;
  cause_ = cause;
  text_ = std::to_string(end.time_since_epoch().count()) + ' ' + std::to_string(unix_seconds(wall));
  if (cause == embargo_cause::own_share) {
    text_.append(" ").append(own_share_mark);
    logger()->info("weight of this minute is used up, not asking market={} seconds={}", to_string(which_), length.count());
  } else {
    text_ += " exchange";
    logger()->warn("exchange forbids asking market={} seconds={}", to_string(which_), length.count());
  }
  write();
}

std::optional<boot_time> embargo::closed_until() const {
  std::lock_guard guard{mutex_};
  if (clock_->boot_now() >= until_)
    return std::nullopt;
  return until_;
}

embargo_cause embargo::cause() const {
  std::lock_guard guard{mutex_};
  return cause_;
}

void embargo::look() {
  if (file_.empty())
    return;
  const auto line = read_line(file_);
  std::lock_guard guard{mutex_};
  learn_locked(line);
}

std::string embargo::text() const {
  std::lock_guard guard{mutex_};
  return text_;
}

void embargo::learn(std::string_view line) {
  look();
  std::lock_guard guard{mutex_};
  if (learn_locked(line))
    write();
}

bool embargo::learn_locked(std::string_view line) {
  if (line.empty() || line == text_)
    return false;
  auto rest = line;
  const auto end = take_seconds(rest);
  const auto begin = take_seconds(rest);
  if (!end || !begin || *begin >= *end)
    return false;
  const std::chrono::microseconds to_end = wall_time{std::chrono::seconds{*end}} - clock_->wall_now();
  const auto left = std::min<std::chrono::microseconds>({to_end, std::chrono::seconds{*end - *begin}, embargo_max});
  const auto until = clock_->boot_now() + left;
  if (left <= 0us || until <= until_)
    return false;
  until_ = until;
  cause_ = rest.starts_with(own_share_mark) ? embargo_cause::own_share : embargo_cause::exchange;
  text_ = line;
  logger()->warn("an embargo of another process is obeyed market={} seconds={}", to_string(which_),
                 std::chrono::ceil<std::chrono::seconds>(left).count());
  return true;
}

void embargo::write() {
  if (file_.empty() || replace_file(file_, text_ + '\n'))
    return;
  if (!std::exchange(warned_, true))
    logger()->warn("embargo is not kept for other processes file={}", log_value(file_));
}

} // namespace holdfast
