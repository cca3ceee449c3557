// The rolling window: every admission is a run of how many at which moment, and counts until a whole window has passed.
//
// Up to a limit of 1,000 a moment is a microsecond: exact. Above, it is rounded up to the end of one of 64 parts of the
// window, so that the partly expired part counts in full: never over the limit, and an admission keeps its place for at
// most 1/64 of a window too long. Either way the runs are facts that outlive a change of the rule.
//
// State   header, then a ring of closed runs that doubles as needed; the newest run is open and in the header:
//           "hfr1" | skew 8 | last 8 | used 8 | newest 8 | newest_count 8 | first 8 | oldest 4 | cells 4 | capacity 4
//           then `capacity` cells of: stamp 8 | count 4                                      (big-endian)
//         A stamp is the server's time in microseconds plus `skew`, which grows whenever that clock went back.
//         docs/rate-limits.md has the proofs.
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/runtime/rate_decision.hpp>

namespace holdfast {

inline constexpr std::int64_t exact_limit_max = 1000;
inline constexpr std::int64_t window_parts = 64;
inline constexpr std::int64_t ring_cells_max = 1024;

class rolling_window {
public:
  // Takes the bytes for empty where they are none of ours.
  explicit rolling_window(const std::string& bytes);

  rate_outcome decide(const rate_request& request, std::int64_t now_us);

  const std::string& bytes() const noexcept { return bytes_; }

private:
  bool advance_clock(std::int64_t now_us);
  void forget_expired(std::int64_t window_us);
  rate_verdict decide_one(const rate_request& request, std::uint32_t amount, std::int64_t stamp, std::int64_t added) const;
  std::int64_t wait_for(std::int64_t needed, std::int64_t window_us, std::int64_t stamp, std::int64_t added) const;
  std::int64_t stamp_of(const rate_request& request) const;
  void add(std::int64_t stamp, std::int64_t count);
  void push_newest();
  void grow();
  void write_header();

  std::size_t cell(std::int64_t index) const noexcept; // where the index-th oldest is
  std::int64_t stamp_at(std::int64_t index) const noexcept;
  std::int64_t count_at(std::int64_t index) const noexcept;

  std::string bytes_;
  std::int64_t skew_ = 0;
  std::int64_t last_ = 0; // the state's own time when it was last written
  std::int64_t now_ = 0;  // the state's own time
  std::int64_t used_ = 0;
  std::int64_t newest_ = 0;
  std::int64_t newest_count_ = 0;
  std::int64_t first_ = 0; // stamp of the oldest cell
  std::int64_t oldest_ = 0;
  std::int64_t cells_ = 0;
  std::int64_t capacity_ = 0;
};

} // namespace holdfast
