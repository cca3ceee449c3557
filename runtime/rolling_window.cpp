#include "runtime/rolling_window.hpp"

#include <algorithm>

#include "runtime/rate_state_bytes.hpp"

namespace holdfast {

namespace {

constexpr std::size_t header_bytes = 64;
constexpr std::size_t cell_bytes = 12;
constexpr std::int64_t ring_cells_min = 8;

constexpr std::int64_t round_up(std::int64_t number, std::int64_t step) noexcept {
  return number + (step - number % step) % step;
}

std::size_t size_for(std::int64_t capacity) noexcept { return header_bytes + static_cast<std::size_t>(capacity) * cell_bytes; }

bool is_ours(const std::string& bytes) {
  if (bytes.size() < header_bytes || !bytes.starts_with(rolling_magic))
    return false;
  for (std::size_t at = rate_magic_bytes; at < 52; at += 8)
    if (!is_rate_number(number_at(bytes, at, 8)))
      return false;
  const auto capacity = number_at(bytes, 60, 4);
  return capacity <= ring_cells_max && bytes.size() == size_for(capacity) && number_at(bytes, 56, 4) <= capacity
         && number_at(bytes, 52, 4) <= capacity;
}

} // namespace

rolling_window::rolling_window(const std::string& bytes) {
  if (!is_ours(bytes)) {
    bytes_.assign(header_bytes, '\0');
    return;
  }
  bytes_ = bytes;
  skew_ = number_at(bytes, 4, 8);
  last_ = number_at(bytes, 12, 8);
  used_ = number_at(bytes, 20, 8);
  newest_ = number_at(bytes, 28, 8);
  newest_count_ = number_at(bytes, 36, 8);
  first_ = number_at(bytes, 44, 8);
  oldest_ = number_at(bytes, 52, 4);
  cells_ = number_at(bytes, 56, 4);
  capacity_ = number_at(bytes, 60, 4);
}

rate_outcome rolling_window::decide(const rate_request& request, std::int64_t now_us) {
  const bool went_back = advance_clock(now_us);
  forget_expired(request.rule.window_us);
  const auto stamp = stamp_of(request);
  std::int64_t added = std::clamp<std::int64_t>(request.forced, 0, std::max<std::int64_t>(request.rule.limit - used_, 0));
  rate_outcome outcome;
  for (const auto amount : request.amounts) {
    outcome.verdicts.push_back(decide_one(request, amount, stamp, added));
    added += outcome.verdicts.back().granted;
  }
  if (added > 0)
    add(stamp, added);
  // That the clock went back is kept even so: else it would be found standing still again and again.
  if (added > 0 || went_back) {
    last_ = now_;
    write_header();
    outcome.changed = true;
  }
  // Both the clock that expires keys and this length are rounded down to milliseconds: each may cost almost one.
  outcome.expires_in_ms = (std::max(newest_ - now_, std::int64_t{0}) + request.rule.window_us) / 1000 + 2;
  return outcome;
}

bool rolling_window::advance_clock(std::int64_t now_us) {
  const bool went_back = now_us + skew_ < last_;
  if (went_back)
    skew_ = last_ - now_us;
  now_ = now_us + skew_;
  return went_back;
}

void rolling_window::forget_expired(std::int64_t window_us) {
  while (cells_ > 0 && first_ + window_us <= now_) {
    used_ = std::max<std::int64_t>(used_ - count_at(0), 0);
    oldest_ = (oldest_ + 1) % capacity_;
    --cells_;
    first_ = cells_ > 0 ? stamp_at(0) : 0;
  }
  if (cells_ == 0 && newest_ + window_us <= now_)
    used_ = newest_ = newest_count_ = 0;
}

rate_verdict rolling_window::decide_one(const rate_request& request, std::uint32_t amount, std::int64_t stamp,
                                        std::int64_t added) const {
  const auto& rule = request.rule;
  const auto free = std::max<std::int64_t>(rule.limit - used_ - added, 0);
  const auto wanted = request.least > 0 ? std::min<std::int64_t>(amount, std::max(free, request.least)) : std::int64_t{amount};
  if (wanted <= free)
    return {true, wanted, free - wanted, 0};
  if (wanted > rule.limit)
    return {false, 0, free, -1};
  return {false, 0, free, wait_for(used_ + added + wanted - rule.limit, rule.window_us, stamp, added)};
}

// Until so many more have expired.
std::int64_t rolling_window::wait_for(std::int64_t needed, std::int64_t window_us, std::int64_t stamp, std::int64_t added) const {
  for (std::int64_t i = 0; i < cells_; ++i) {
    needed -= count_at(i);
    if (needed <= 0)
      return std::max<std::int64_t>(stamp_at(i) + window_us - now_, 1);
  }
  const bool with_newest = newest_count_ >= needed || added == 0;
  return std::max<std::int64_t>((with_newest ? newest_ : stamp) + window_us - now_, 1);
}

// Never before the newest: stamps only grow.
std::int64_t rolling_window::stamp_of(const rate_request& request) const {
  const auto& rule = request.rule;
  const auto part = rule.limit > exact_limit_max ? (rule.window_us + window_parts - 1) / window_parts : std::int64_t{1};
  return std::max(newest_, round_up(now_ + request.hold_us, part));
}

void rolling_window::add(std::int64_t stamp, std::int64_t count) {
  if (newest_count_ > 0 && stamp != newest_ && cells_ < ring_cells_max)
    push_newest();
  newest_count_ += count;
  newest_ = stamp;
  used_ += count;
}

void rolling_window::push_newest() {
  if (cells_ == capacity_)
    grow();
  const auto at = cell(cells_);
  put_number(bytes_, at, 8, newest_);
  put_number(bytes_, at + 8, 4, newest_count_);
  if (cells_ == 0)
    first_ = newest_;
  ++cells_;
  newest_count_ = 0;
}

void rolling_window::grow() {
  const auto capacity = std::max(capacity_ * 2, ring_cells_min);
  std::string next(size_for(capacity), '\0');
  for (std::int64_t i = 0; i < cells_; ++i)
    next.replace(size_for(i), cell_bytes, bytes_, cell(i), cell_bytes);
  bytes_ = std::move(next);
  oldest_ = 0;
  capacity_ = capacity;
}

void rolling_window::write_header() {
  bytes_.replace(0, rate_magic_bytes, rolling_magic);
  std::size_t at = rate_magic_bytes;
  for (const auto number : {skew_, last_, used_, newest_, newest_count_, first_}) {
    put_number(bytes_, at, 8, number);
    at += 8;
  }
  for (const auto number : {oldest_, cells_, capacity_}) {
    put_number(bytes_, at, 4, number);
    at += 4;
  }
}

std::size_t rolling_window::cell(std::int64_t index) const noexcept { return size_for((oldest_ + index) % capacity_); }
std::int64_t rolling_window::stamp_at(std::int64_t index) const noexcept { return number_at(bytes_, cell(index), 8); }
std::int64_t rolling_window::count_at(std::int64_t index) const noexcept { return number_at(bytes_, cell(index) + 8, 4); }

} // namespace holdfast
