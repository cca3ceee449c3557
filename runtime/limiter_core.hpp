// One limit as this process keeps it: what can be decided without asking anybody, and what is decided when nobody answers.
//
//   decide_here   by a lease (a few nanoseconds), by a refusal that the store's last answer makes certain, or blindly while
//                 the store is known to be away; else whoever wants to be admitted asks the rate limiter
//   settle, take_lease, decide_blind, store_failed   what the rate limiter makes of the store's answer, or of none
//
// Threads   any. Leases are one atomic word each: its end and what is left of it.
// Bounds    two leases; what is known without the store is in a blind_record, which all limits of the key share.
// Leases    are used until `lease_for` after the store was asked, on this process's boot clock, less the coarse clock's lag;
//           the store counts them until a window after that. So leases never admit too much; see docs/rate-limits.md. An
//           answer that comes after its lease's end gives nothing.
// Blind     `local` admits limit / processes (1 at least) per window, what the store admitted for us included. What was
//           admitted blindly is told to the store when it answers again.
// Restart   nothing is kept: leases lapse, the store has the rest.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/rate_decision.hpp>

namespace holdfast {

// Private: what a process was admitted under one key.
class blind_record;

// What a decision rests on.
enum class rate_basis : std::uint8_t {
  store, // the store decided, or its last answer leaves no doubt
  lease, // a share that the store gave
  blind, // the store was not asked or did not answer in time: the limit's away_policy
  none,  // the limit itself is wrong: nothing was decided
};

struct rate_decision { // whether one is admitted
  bool allowed = false; // always true for a limit in shadow
  std::int64_t remaining = 0;             // after this decision, as far as its basis knows
  std::chrono::nanoseconds retry_after{0}; // of a refusal: not worth asking earlier; max(): never
  rate_basis basis = rate_basis::none; // who decided; `none`: nobody
};

struct limiter_counters { // of an action's decisions
  counter allowed; // decided so, blindly too; one for each question, whatever its amount
  counter refused; // likewise; not those that a limit in shadow let through
  counter near;   // allowed, with near_percent of the limit used
  counter shadow; // would have been refused
  counter blind;  // decided without the store
};

class HOLDFAST_EXPORT limiter_core { // one per limit and process
public:
  // `processes` is the number last seen; it may change at any time.
  limiter_core(rate_limit what, clock_ptr clock, limiter_counters counts,
               std::shared_ptr<const std::atomic<std::int64_t>> processes, std::shared_ptr<blind_record> blind);

  // As it was made; never changes.
  const rate_limit& limit() const noexcept { return what_; }

  struct here { // where a question stands in this process
    rate_decision decision; // final: the store need not be asked
    bool renew = false; // the lease runs low: ask for the next one now; said once
  };
  // None: the store must be asked. An amount of 0 only looks, here and elsewhere: it takes and counts nothing.
  std::optional<here> decide_here(std::uint32_t amount) noexcept;

  struct lease_use { // small enough to be returned in registers
    std::int64_t left = -1; // of the lease; negative: no lease holds this amount, or the limit has none
    bool renew = false;     // as in `here`
  };
  // The part of decide_here that is asked most.
  lease_use take_leased(std::uint32_t amount) noexcept;

  // What to ask the store for these amounts; a leased limit asks for all together, and for more where it is to be renewed.
  rate_request request_for(std::vector<std::uint32_t> amounts, bool renewal) const;
  // The store answered one amount of a request that was sent at `asked_at`. Counts it.
  rate_decision settle(const rate_verdict& verdict, std::uint32_t amount, boot_time asked_at) noexcept;
  // A lease that was asked for then has ended.
  bool lease_has_ended(boot_time asked_at) const noexcept;
  // One of those who waited gets his part of what a leased limit was granted.
  rate_decision settle_leased(std::uint32_t amount, std::int64_t& granted, const rate_verdict& verdict) noexcept;
  // And the rest is for those who come.
  void take_lease(std::int64_t granted, std::int64_t rest, const rate_verdict& verdict, boot_time asked_at) noexcept;
  // The store has not a single permit.
  void remember_refusal(const rate_verdict& verdict, boot_time asked_at) noexcept;
  // The renewal that was asked for brought no lease: the next may be asked for.
  void lease_not_taken() noexcept { renewing_.store(false, std::memory_order_relaxed); }

  // By the away_policy. Counts it.
  rate_decision decide_blind(std::uint32_t amount) noexcept;
  // The store did not answer: for a moment nobody asks it.
  void store_failed() noexcept;
  // The store has counted what was admitted blindly before it was asked.
  void blind_told(std::int64_t forced) noexcept;

  // Of both leases together, now.
  std::int64_t leased_left() const noexcept;

private:
  // `free`: of the whole limit, after this; negative: nobody knows.
  rate_decision counted(rate_decision decision, std::uint32_t amount, std::int64_t free) noexcept;
  void remember_admitted(std::int64_t amount);
  std::int64_t wanted_lease() const noexcept;
  rate_rule local_rule() const noexcept;
  std::int64_t now_us() const noexcept;

  const rate_limit what_;
  const clock_ptr clock_;
  const limiter_counters counts_;
  const std::shared_ptr<const std::atomic<std::int64_t>> processes_;
  const std::shared_ptr<blind_record> blind_;

  alignas(64) std::array<std::atomic<std::uint64_t>, 2> leases_{};
  std::atomic<std::int64_t> low_{0};         // a lease with less than this is low
  std::atomic<std::int64_t> near_left_{-1};  // with no more than this left of the lease, the limit is nearly used up
  std::atomic<bool> renewing_{false};
  std::atomic<std::int64_t> refused_until_{0}; // boot ns: until then the store admits nothing
  std::atomic<std::int64_t> last_granted_{0};
};

using limiter_core_ptr = std::shared_ptr<limiter_core>; // shared by every handle of the limit and the rate limiter

} // namespace holdfast
