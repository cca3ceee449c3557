#include <algorithm>
#include <array>
#include <utility>

#include "runtime/name_key.hpp"
#include "runtime/symbol_table.hpp"
#include "runtime/text_arena.hpp"
#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t symbols_max = std::size_t{1} << 24;
// No rule, status or contract type is anywhere near as long; what is longer is not kept.
constexpr std::size_t short_text_max = 256;

constexpr auto rule_fields = std::to_array<std::pair<rule_value symbol::*, std::string_view symbol_draft::*>>({
  {&symbol::tick_size, &symbol_draft::tick_size}, {&symbol::step_size, &symbol_draft::step_size},
  {&symbol::min_quantity, &symbol_draft::min_quantity}, {&symbol::max_quantity, &symbol_draft::max_quantity},
  {&symbol::min_notional, &symbol_draft::min_notional}, {&symbol::min_price, &symbol_draft::min_price},
  {&symbol::max_price, &symbol_draft::max_price},
});
constexpr auto text_fields = std::to_array<std::pair<shared_text symbol::*, std::string_view symbol_draft::*>>({
  {&symbol::status_text, &symbol_draft::status_text}, {&symbol::contract_type, &symbol_draft::contract_type},
});

} // namespace

struct symbol_table_builder::parts {
  std::unique_ptr<symbol_table> table{new symbol_table};
  text_arena texts;
  std::vector<std::uint64_t> hashes;  // of the names, by id
  std::vector<std::uint32_t> buckets; // id + 1 by hash, open addressing, a power of two long
  symbol before;                      // neighbours mostly share their rules: asked before the arena

  shared_text share(shared_text previous, std::string_view text, std::size_t most = short_text_max) {
    if (same_text(previous, text))
      return previous;
    return text.size() > most ? shared_text{} : texts.intern(text);
  }

  // A symbol's name is mostly its base asset followed by its quote asset: no copies are needed then.
  std::string_view asset(std::string_view name, std::string_view text, bool base) {
    if (!is_clean_utf8(text)) // half a character may well begin a name
      return {};
    const auto part = base ? name.substr(0, text.size()) : name.substr(name.size() - std::min(name.size(), text.size()));
    if (same_text(part, text))
      return part;
    return text.size() > short_text_max ? std::string_view{} : texts.intern(text).view();
  }

  // False where the name is taken.
  bool remember(std::uint64_t hash, std::string_view name) {
    if ((hashes.size() + 1) * 2 > buckets.size())
      rehash();
    const auto mask = buckets.size() - 1;
    auto at = hash & mask;
    for (; buckets[at] != 0; at = (at + 1) & mask)
      if (const auto id = buckets[at] - 1; hashes[id] == hash && table->symbols_[id].name == name)
        return false;
    hashes.push_back(hash);
    buckets[at] = static_cast<std::uint32_t>(hashes.size());
    return true;
  }

  void rehash() {
    buckets.assign(std::max<std::size_t>(buckets.size() * 2, 1024), 0);
    const auto mask = buckets.size() - 1;
    for (std::uint32_t id = 0; id < hashes.size(); ++id) {
      auto at = hashes[id] & mask;
      while (buckets[at] != 0)
        at = (at + 1) & mask;
      buckets[at] = id + 1;
    }
  }
};

symbol_table_builder::symbol_table_builder() : parts_{std::make_unique<parts>()} {}
symbol_table_builder::~symbol_table_builder() = default;
symbol_table_builder::symbol_table_builder(symbol_table_builder&&) noexcept = default;
symbol_table_builder& symbol_table_builder::operator=(symbol_table_builder&&) noexcept = default;

void symbol_table_builder::reserve(std::size_t count) {
  parts_->table->symbols_.reserve(std::min(count, symbols_max));
  parts_->hashes.reserve(std::min(count, symbols_max));
}

void symbol_table_builder::server_time(std::int64_t milliseconds) noexcept {
  parts_->table->server_time_ms_ = milliseconds;
}

std::size_t symbol_table_builder::size() const noexcept { return parts_->table->size(); }

symbol_table_builder::added symbol_table_builder::add(const symbol_draft& next) {
  auto& all = *parts_;
  if (next.name.empty() || next.name.size() > name_bytes_max || size() >= symbols_max || !is_clean_utf8(next.name))
    return added::refused;
  if (!all.remember(hash_of(key_of(next.name), next.name.size()), next.name))
    return added::refused;
  auto& one = all.before; // every field is set anew
  one.name = all.texts.keep(next.name);
  one.base_asset = all.asset(one.name, next.base_asset, true);
  one.quote_asset = all.asset(one.name, next.quote_asset, false);
  for (const auto& [to, from] : rule_fields) {
    const auto written = all.share((one.*to).written, next.*from);
    one.*to = {written.record().units, written};
  }
  for (const auto& [to, from] : text_fields)
    one.*to = all.share(one.*to, next.*from);
  one.permissions = all.share(one.permissions, next.permissions, next.permissions.size());
  one.status = parse_symbol_status(one.status_text);
  one.onboard_ms = next.onboard_ms;
  one.delivery_ms = next.delivery_ms;
  one.gone_since_ms = next.gone_since_ms;
  one.base_precision = next.base_precision;
  one.quote_precision = next.quote_precision;
  one.price_precision = next.price_precision;
  one.quantity_precision = next.quantity_precision;
  all.table->symbols_.push_back(one);
  return one.base_asset.empty() || one.quote_asset.empty() ? added::unlisted : added::listable;
}

symbol_table_ptr symbol_table_builder::build(const list_rules& rules) {
  const auto all = std::exchange(parts_, std::make_unique<parts>());
  auto table = std::move(all->table);
  table->text_bytes_ = all->texts.bytes();
  table->texts_ = all->texts.take_blocks();
  table->texts_.shrink_to_fit();
  table->symbols_.shrink_to_fit();
  table->index_names(all->hashes);
  table->sort_names();
  table->order_list(rules);
  table->hash_content();
  return symbol_table_ptr{std::move(table)};
}

} // namespace holdfast
