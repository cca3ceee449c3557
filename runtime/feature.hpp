// How often a feature is used, and by how many distinct subjects (users, strategies, desks).
//
//   engine.feature("grid_strategy").used();
//   engine.feature("grid_strategy").used("user_123");
//
// A use is one increment of metrics:feature_usage:<name>. A subject is noted as a 64-bit hash, never as its text, until the
// feature_keeper has brought it to the store's sketch; a subject that is known costs a hash and a look.
//
// Threads  any, noexcept, no lock. The first subject of a feature allocates once.
// Bounds   `feature_subjects::room` hashes per feature. Subjects that are in the store make room for new ones; where the
//          store is away for so long that there is none, the use is counted and the subject is not: left_out() tells.
// Life     a handle may outlive its engine.
// Restart  what was not in the store yet is lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/named_table.hpp>

namespace holdfast {

// Hashes of the subjects that were met lately. One that is added again may show twice: it means the same.
class HOLDFAST_EXPORT feature_subjects {
public:
  static constexpr std::size_t room = 8192; // hashes; a new one may find none a little before that

  // False: there is no room.
  bool add(std::uint64_t hash) noexcept;
  // Pre: nobody needs to be told of it any more.
  void remove(std::uint64_t hash) noexcept;
  // Hashes held now; a little off while other threads add and remove.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  // Grows with every new one.
  std::uint64_t additions() const noexcept { return additions_.load(std::memory_order_acquire); }

  // `visit(hash)`, in no order; what is added or removed meanwhile may be met or not.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& slot : slots_)
      if (const auto hash = slot.load(std::memory_order_acquire); hash != 0)
        visit(hash);
  }

private:
  static constexpr std::size_t probes_max = 256;

  std::array<std::atomic<std::uint64_t>, room> slots_{}; // 0: free
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> additions_{0};
};

class HOLDFAST_EXPORT feature_account { // what is kept of one feature; any thread
public:
  // `uses` counts metrics:feature_usage:<name>.
  feature_account(std::string_view name, counter uses) : name_{name}, uses_{uses} {}
  feature_account(const feature_account&) = delete;
  feature_account& operator=(const feature_account&) = delete;

  // Where it is new. Empty: nobody.
  void note(std::string_view subject) noexcept;

  counter uses() const noexcept { return uses_; } // to count with
  const std::string& name() const noexcept { return name_; } // as in metrics:feature_usage:<name>
  // Null: none was ever given.
  feature_subjects* subjects() noexcept { return subjects_.load(std::memory_order_acquire); }
  // Uses whose subject was not noted, for want of room or memory; in this process.
  std::uint64_t left_out() const noexcept { return left_out_.load(std::memory_order_relaxed); }

private:
  feature_subjects* make_subjects() noexcept;

  const std::string name_;
  const counter uses_;
  std::atomic<feature_subjects*> subjects_{nullptr};
  std::unique_ptr<feature_subjects> kept_; // what subjects_ points to; touched by the one who made it
  std::atomic<std::uint64_t> left_out_{0};
};

// A handle: keep it where a feature is used often.
class feature {
public:
  feature() noexcept = default; // counts for nobody
  // Counts uses only: subjects are not noted.
  explicit feature(counter uses) noexcept : uses_{uses} {}
  // Counts uses and notes subjects. `account` must not be null.
  explicit feature(std::shared_ptr<feature_account> account) noexcept : uses_{account->uses()}, account_{std::move(account)} {}

  // By nobody in particular.
  void used() const noexcept { uses_.incr(); }
  // An empty subject is nobody: the use alone is counted.
  void used(std::string_view subject) const noexcept {
    uses_.incr();
    if (account_)
      account_->note(subject);
  }

private:
  counter uses_;
  std::shared_ptr<feature_account> account_; // null: subjects are not noted
};

// Features beyond so many are counted, their subjects are not noted.
inline constexpr std::size_t features_max = 256;
using feature_table = named_table<feature_account>;       // those whose subjects are noted
using feature_table_ptr = std::shared_ptr<feature_table>; // of the engine and its feature_keeper

} // namespace holdfast
