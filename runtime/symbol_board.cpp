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
  slot.replaced.push_back(std::move(newest));
  // Nobody can take a replaced publication any more: one held by none but the board stays so.
  std::erase_if(slot.replaced, [](const published_ptr& one) { return one.use_count() == 1; });
}

published_ptr symbol_board::current(market which) const {
  const auto& slot = slots_[index(which)];
  std::lock_guard guard{slot.mutex};
  return slot.newest;
}

} // namespace holdfast
