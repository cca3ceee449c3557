// Every symbol of one market at one moment: immutable, built once by a symbol_table_builder, shared by all readers.
//
// Threads  built by one thread, read by any number.
// Bounds   at most 2^24 symbols; names of 1 to 64 bytes. About 370 bytes a symbol, all in.
// Lookup   open addressing over keys of 16 bytes kept in the slots, so that a find touches one cache line for the
//          names that the exchange uses, and the symbol itself only when found.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

// Which symbols the list holds, and which come first.
struct list_rules {
  std::vector<std::string> quote_assets; // empty: all
  std::vector<std::string> priority_assets;
};

// Owns the text that symbols point to; equal texts are kept once.
class text_arena {
public:
  text_arena();
  ~text_arena();
  text_arena(text_arena&&) noexcept;
  text_arena& operator=(text_arena&&) noexcept;
  std::string_view intern(std::string_view text);
  // No more interning: frees the index, keeps the text.
  void seal() noexcept;
  std::size_t bytes() const noexcept;

private:
  struct content;
  std::unique_ptr<content> content_;
};

class symbol_table {
public:
  // All symbols, whatever their status, in the exchange's order; the index is the dense id.
  std::span<const symbol> symbols() const noexcept { return symbols_; }
  std::size_t size() const noexcept { return symbols_.size(); }

  // Null where there is no such symbol.
  const symbol* find(std::string_view name) const noexcept;

  // Dense id of a symbol of this table.
  std::uint32_t id(const symbol& of) const noexcept { return static_cast<std::uint32_t>(&of - symbols_.data()); }

  // Dense ids of what the contract lists: TRADING, quoted in the configured assets; priority assets first in their
  // order (symbols of one asset in the exchange's order), the rest by name in byte order.
  std::span<const std::uint32_t> listed() const noexcept { return listed_; }

  // The contract's JSON array of the listed symbols, serialised once.
  const std::string& list_json() const noexcept { return list_json_; }

  // Dense ids of every symbol whose name begins with `prefix`, in byte order.
  std::span<const std::uint32_t> with_prefix(std::string_view prefix) const noexcept;

  std::size_t trading_count() const noexcept { return trading_count_; }

  // Equal for equal content, in every process.
  std::uint64_t content_hash() const noexcept { return content_hash_; }

  // The exchange's time of the body, Unix milliseconds; 0: not told.
  std::int64_t server_time_ms() const noexcept { return server_time_ms_; }

  // Heap bytes of the table, all in.
  std::size_t memory() const noexcept;

private:
  friend class symbol_table_builder;
  struct slot {
    std::uint64_t key[2];
    std::uint32_t id_plus_one; // 0: free
    std::uint32_t length;
  };
  symbol_table() = default;
  void index_names();
  void order_list(const list_rules& rules);
  void hash_content() noexcept;

  text_arena arena_;
  std::vector<symbol> symbols_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> listed_;
  std::vector<std::uint32_t> by_name_;
  std::string list_json_;
  std::uint64_t content_hash_ = 0;
  std::int64_t server_time_ms_ = 0;
  std::size_t trading_count_ = 0;
};

// Collects symbols whose texts may die after add().
class symbol_table_builder {
public:
  symbol_table_builder();
  void reserve(std::size_t count) { table_->symbols_.reserve(count); }
  void server_time(std::int64_t milliseconds) noexcept { table_->server_time_ms_ = milliseconds; }

  // False, and nothing is added, where the name is taken, empty, longer than 64 bytes, or not clean UTF-8.
  bool add(const symbol& next);

  std::size_t size() const noexcept { return table_->symbols_.size(); }

  // The builder is empty afterwards.
  symbol_table_ptr build(const list_rules& rules);

private:
  std::unique_ptr<symbol_table> table_;
  std::unordered_set<std::string_view> names_; // in the table's arena
};

// `text` parsed, the spelling kept; not present() where it is no decimal. The view is not owned.
rule_value make_rule(std::string_view text) noexcept;

// Clean UTF-8 without control characters.
bool is_clean_utf8(std::string_view text) noexcept;

} // namespace holdfast
