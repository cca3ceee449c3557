#include "runtime/feature.hpp"

#include <new>

#include "runtime/stable_hash.hpp"

namespace holdfast {

bool feature_subjects::add(std::uint64_t hash) noexcept {
  hash = hash == 0 ? 1 : hash;
  for (std::size_t i = 0; i < probes_max; ++i) {
    auto& slot = slots_[(hash + i) % room];
    auto found = slot.load(std::memory_order_acquire);
    if (found == 0 && slot.compare_exchange_strong(found, hash, std::memory_order_acq_rel)) {
      size_.fetch_add(1, std::memory_order_relaxed);
      additions_.fetch_add(1, std::memory_order_release);
      return true;
    }
    if (found == hash)
      return true;
  }
  return false;
}

void feature_subjects::remove(std::uint64_t hash) noexcept {
  for (std::size_t i = 0; i < probes_max; ++i) {
    auto expected = hash;
    if (slots_[(hash + i) % room].compare_exchange_strong(expected, 0, std::memory_order_acq_rel))
      size_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void feature_account::note(std::string_view subject) noexcept {
  if (subject.empty())
    return;
  auto* known = subjects();
  if (!known)
    known = make_subjects();
  if (!known || !known->add(stable_hash(subject)))
    left_out_.fetch_add(1, std::memory_order_relaxed);
}

feature_subjects* feature_account::make_subjects() noexcept {
  std::unique_ptr<feature_subjects> made{new (std::nothrow) feature_subjects};
  feature_subjects* before = nullptr;
  if (!made || !subjects_.compare_exchange_strong(before, made.get(), std::memory_order_acq_rel))
    return before;
  kept_ = std::move(made);
  return kept_.get();
}

} // namespace holdfast
