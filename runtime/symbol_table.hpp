// Every symbol of one market at one moment: immutable, built once, shared by all readers.
//
// Threads  built by one thread, read by any number.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

struct symbol;

class symbol_table {
public:
  ~symbol_table();

  // All symbols, whatever their status, in the exchange's order; the index is the dense id.
  std::span<const symbol> symbols() const noexcept;
  std::size_t size() const noexcept { return symbols().size(); }

  // Null where there is no such symbol.
  const symbol* find(std::string_view name) const noexcept;

  // Dense ids of what the contract lists: TRADING, quoted in the configured assets, priority assets first.
  std::span<const std::uint32_t> listed() const noexcept;

  // The contract's JSON array of the listed symbols, serialised once.
  const std::string& list_json() const noexcept;

  // Equal for equal content, in every process.
  std::uint64_t content_hash() const noexcept;
};

} // namespace holdfast
