#include "runtime/symbol_board.hpp"

#include <utility>

namespace holdfast {

symbol_board::symbol_board() {
  for (auto& slot : slots_)
    slot.newest = std::make_shared<const published_symbols>();
}

void symbol_board::publish(market which, published_symbols next) {
  auto& slot = slots_[index(which)];
  auto newest = std::make_shared<const published_symbols>(std::move(next));
  {
    std::lock_guard guard{slot.mutex};
    slot.newest.swap(newest);
  }
  slot.publication.fetch_add(1, std::memory_order_release);
  // The replaced table, if this was its last holder, is freed here, outside the lock.
}

published_ptr symbol_board::current(market which) const {
  const auto& slot = slots_[index(which)];
  std::lock_guard guard{slot.mutex};
  return slot.newest;
}

} // namespace holdfast
