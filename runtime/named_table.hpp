// Things that are found by their name on a hot path: made on first use, never moved, never removed before the table.
//
// Threads  any: finding takes no lock; making one takes a short lock.
// Bounds   `most` things; none is made after that.
#pragma once

#include <atomic>
#include <bit>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

template <class Thing>
class named_table {
public:
  // Allocates the places of all `most` things at once.
  explicit named_table(std::size_t most) : made_{most}, slots_(std::bit_ceil(most * 2 + 2)) {}
  named_table(const named_table&) = delete;
  named_table& operator=(const named_table&) = delete;

  // Null: there is none.
  std::shared_ptr<Thing> find(std::string_view name) const noexcept {
    const auto* known = slots_[place_of(name)].load(std::memory_order_acquire);
    return known ? known->thing : nullptr;
  }

  // Null: there is none, and no room for another. `make(name)` answers a std::shared_ptr<Thing>.
  template <class Make>
  std::shared_ptr<Thing> find_or_make(std::string_view name, Make make) {
    if (auto known = find(name))
      return known;
    const std::lock_guard guard{mutex_};
    auto& slot = slots_[place_of(name)];
    if (const auto* known = slot.load(std::memory_order_acquire))
      return known->thing;
    const auto count = count_.load(std::memory_order_relaxed);
    if (count == made_.size())
      return nullptr;
    made_[count] = std::make_unique<node>(node{std::string{name}, make(name)});
    slot.store(made_[count].get(), std::memory_order_release);
    count_.store(count + 1, std::memory_order_release);
    return made_[count]->thing;
  }

  // In the order in which they were made.
  template <class Visit>
  void for_each(Visit visit) const {
    const auto count = count_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i)
      visit(*made_[i]->thing);
  }

  // Things made so far.
  std::size_t size() const noexcept { return count_.load(std::memory_order_acquire); }

private:
  struct node {
    std::string name;
    std::shared_ptr<Thing> thing;
  };

  // Of the name, or the free slot where the search for it ends. At most half of the slots are used.
  std::size_t place_of(std::string_view name) const noexcept {
    for (auto at = std::hash<std::string_view>{}(name) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const auto* known = slots_[at].load(std::memory_order_acquire);
      if (!known || known->name == name)
        return at;
    }
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<node>> made_;
  std::vector<std::atomic<const node*>> slots_;
  std::atomic<std::size_t> count_{0};
};

} // namespace holdfast
