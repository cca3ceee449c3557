// A thread's own window on the board: what a trading engine keeps and asks on its hot path.
//
// Threads  one view per thread; make another for another thread.
// Cost     every call re-checks the board by one atomic load; a new publication is taken under a short lock, once.
//          find() takes no lock and allocates nothing.
// Life     pointers to symbols stay good until the next call on this view that finds a newer publication; keep
//          table() to hold them longer.
// Errors   none: a default-constructed view, and one of a market that was never good, is empty and stale.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/symbol_board.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

class HOLDFAST_EXPORT symbols_view {
public:
  symbols_view() = default;
  // For the engine; a host asks engine::symbols().
  symbols_view(std::shared_ptr<const symbol_board> board, market which, clock_ptr clock)
    : board_{std::move(board)}, clock_{std::move(clock)}, which_{which} {}

  // In whatever status; null where there is none.
  const symbol* find(std::string_view name) noexcept {
    refresh();
    return table_ ? table_->find(name) : nullptr;
  }
  // By dense id of the current table; null beyond it.
  const symbol* at(std::uint32_t id) noexcept {
    refresh();
    return table_ ? table_->at(id) : nullptr;
  }
  // The tradable list, in its order.
  symbol_range list() noexcept {
    refresh();
    return table_ ? table_->list() : symbol_range{};
  }
  // Every symbol, in whatever status, whose name begins with `prefix`, in byte order.
  symbol_range complete(std::string_view prefix) noexcept {
    refresh();
    return table_ ? table_->complete(prefix) : symbol_range{};
  }
  // Dense ids of the tradable list, in its order; symbols()[id] is the symbol.
  std::span<const std::uint32_t> listed() noexcept { return list().ids(); }
  // Every symbol, in whatever status, in the exchange's order.
  std::span<const symbol> symbols() noexcept {
    refresh();
    return table_ ? table_->symbols() : std::span<const symbol>{};
  }
  // Length of the tradable list.
  std::size_t size() noexcept { return list().size(); }

  // Past its TTL, last good, or nothing at all.
  bool stale() noexcept {
    refresh();
    return !held_ || !held_->fresh(clock_->boot_now());
  }
  // Since the exchange was asked; none: unknown.
  std::optional<std::chrono::nanoseconds> age() noexcept {
    refresh();
    return held_ ? held_->age(clock_->boot_now()) : std::nullopt;
  }
  // Whence the newest table came; `none`: nothing was ever good.
  symbols_source source() noexcept {
    refresh();
    return held_ ? held_->source : symbols_source::none;
  }
  // Grows with every table whose content differs from the one before.
  std::uint64_t version() noexcept {
    refresh();
    return held_ ? held_->version : 0;
  }
  // Holds what find() pointed to. Null where nothing was ever good.
  symbol_table_ptr table() noexcept {
    refresh();
    return held_ ? held_->table : nullptr;
  }

private:
  void refresh() noexcept {
    if (!board_)
      return;
    const auto newest = board_->publication(which_);
    if (held_ && newest == seen_)
      return;
    seen_ = newest;
    held_ = board_->current(which_);
    table_ = held_->table.get();
  }

  std::shared_ptr<const symbol_board> board_;
  clock_ptr clock_;
  published_ptr held_;
  const symbol_table* table_ = nullptr;
  std::uint64_t seen_ = 0;
  market which_ = market::spot;
};

} // namespace holdfast
