// Every symbol of one market at one moment: immutable, built once by a symbol_table_builder, shared by all readers.
//
// Threads  built by one thread, read by any number.
// Bounds   at most 2^24 symbols; names of 1 to 64 bytes. At most 320 bytes a symbol, all in.
// Lookup   open addressing over keys of 16 bytes kept in the slots, so that a find touches one cache line for the
//          names that the exchange uses, and the symbol itself only when found.
// Life     symbols, texts and ids are the table's; a dense id means nothing to another table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

// Which symbols the list holds, and which come first.
struct list_rules {
  std::vector<std::string> quote_assets; // empty: all
  std::vector<std::string> priority_assets; // in this order; empty: none comes first
};

// Symbols of one table in an order of their own.
class HOLDFAST_EXPORT symbol_range {
public:
  class iterator { // over the symbols of a range
  public:
    using value_type = symbol; // read only
    using difference_type = std::ptrdiff_t; // for the standard algorithms; places are not subtracted
    iterator() = default;
    // `symbols`: the first of the table; `at`: the dense id that it stands on.
    iterator(const symbol* symbols, const std::uint32_t* at) noexcept : symbols_{symbols}, at_{at} {}
    // Lives as long as the table, not as the iterator. Pre: not the end.
    const symbol& operator*() const noexcept { return symbols_[*at_]; }
    // Never null. Pre: not the end.
    const symbol* operator->() const noexcept { return symbols_ + *at_; }
    iterator& operator++() noexcept { return ++at_, *this; } // on to the next id; gives the new place
    iterator operator++(int) noexcept { return {symbols_, at_++}; } // likewise; gives the old place
    // By place alone: within one range.
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

  private:
    const symbol* symbols_ = nullptr;
    const std::uint32_t* at_ = nullptr;
  };

  symbol_range() = default;
  // Borrows both: `symbols` is the first of the table, `ids` are dense ids of it.
  symbol_range(const symbol* symbols, std::span<const std::uint32_t> ids) noexcept : symbols_{symbols}, ids_{ids} {}
  iterator begin() const noexcept { return {symbols_, ids_.data()}; } // first in the range's own order
  iterator end() const noexcept { return {symbols_, ids_.data() + ids_.size()}; } // past the last; equals begin() where empty
  std::size_t size() const noexcept { return ids_.size(); } // symbols in the range, not in the table
  bool empty() const noexcept { return ids_.empty(); } // true for a default-constructed one too
  // Pre: `position` is less than size().
  const symbol& operator[](std::size_t position) const noexcept { return symbols_[ids_[position]]; }
  // Dense ids, in this order.
  std::span<const std::uint32_t> ids() const noexcept { return ids_; }

private:
  const symbol* symbols_ = nullptr;
  std::span<const std::uint32_t> ids_;
};

class HOLDFAST_EXPORT symbol_table {
public:
  // All symbols, whatever their status, in the exchange's order; the index is the dense id.
  std::span<const symbol> symbols() const noexcept { return symbols_; }
  std::size_t size() const noexcept { return symbols_.size(); } // all of them, also what is GONE

  // Null where there is no such symbol.
  const symbol* find(std::string_view name) const noexcept;
  // By dense id; null where there is none.
  const symbol* at(std::uint32_t id) const noexcept { return id < symbols_.size() ? &symbols_[id] : nullptr; }

  // Dense id of a symbol of this table.
  std::uint32_t id(const symbol& of) const noexcept { return static_cast<std::uint32_t>(&of - symbols_.data()); }

  // What the contract lists: TRADING, quoted in the configured assets; priority assets first in their order (symbols
  // of one asset in the exchange's order), the rest by name in byte order.
  symbol_range list() const noexcept { return {symbols_.data(), listed_}; }
  // Dense ids of the same, in its order.
  std::span<const std::uint32_t> listed() const noexcept { return listed_; }

  // The contract's JSON array of the listed symbols; made anew by every call.
  std::string list_json() const;

  // Every symbol whose name begins with `prefix`, in byte order.
  symbol_range complete(std::string_view prefix) const noexcept;

  // Symbols in TRADING, listed or not.
  std::size_t trading_count() const noexcept { return trading_count_; }

  // Equal for equal content, in every process: all that is kept of the symbols but when one was missed first.
  std::uint64_t content_hash() const noexcept { return content_hash_; }

  // The exchange's time of the body, Unix milliseconds; 0: not told.
  std::int64_t server_time_ms() const noexcept { return server_time_ms_; }

  // Bytes of the table, all in.
  std::size_t memory() const noexcept;

private:
  friend class symbol_table_builder;
  struct slot {
    std::uint64_t low;
    std::uint64_t high;
    std::uint32_t id_plus_one; // 0: free
    std::uint32_t length;
  };
  symbol_table() = default;
  void index_names(const std::vector<std::uint64_t>& hashes);
  void sort_names();
  void order_list(const list_rules& rules);
  void hash_content() noexcept;

  std::vector<std::unique_ptr<char[]>> texts_;
  std::size_t text_bytes_ = 0;
  std::vector<symbol> symbols_;
  std::vector<slot> slots_; // the last one is free, so that every search ends
  std::size_t homes_ = 0;   // slots in which a search may begin
  std::vector<std::uint32_t> listed_;
  std::vector<std::uint32_t> by_name_;
  std::uint64_t content_hash_ = 0;
  std::int64_t server_time_ms_ = 0;
  std::size_t trading_count_ = 0;
};

// Collects symbols whose texts may die after add().
class HOLDFAST_EXPORT symbol_table_builder {
public:
  // `unlisted`: added, but without a clean base or quote asset it is never listed. `refused`: nothing is added, since
  // the name is taken, empty, longer than 64 bytes or not clean UTF-8, or the table is full.
  enum class added : std::uint8_t { listable, unlisted, refused };

  symbol_table_builder();
  ~symbol_table_builder();
  symbol_table_builder(symbol_table_builder&&) noexcept; // the one moved from may only be assigned to or destroyed
  symbol_table_builder& operator=(symbol_table_builder&&) noexcept; // likewise; what was collected here is dropped

  void reserve(std::size_t count); // for so many symbols in all; more may come
  // Of the body, Unix milliseconds.
  void server_time(std::int64_t milliseconds) noexcept;
  added add(const symbol_draft& next); // copies its texts; see `added`
  std::size_t size() const noexcept; // added so far, without the refused ones

  // The builder is empty afterwards.
  symbol_table_ptr build(const list_rules& rules);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace holdfast
