#include "runtime/symbol_table.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "runtime/name_key.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

// Names in byte order mostly differ in their first eight bytes: compared as one number.
struct sort_key {
  std::uint64_t head;
  std::uint32_t id;
};

std::uint64_t byte_order_head(std::string_view name) noexcept {
  const auto word = load_up_to_8(name.data(), std::min<std::size_t>(name.size(), 8));
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

constexpr std::size_t unlisted = static_cast<std::size_t>(-1);

// Place among the priority assets, their number for the rest, `unlisted` for what the list does not hold.
std::size_t rank_of(const symbol& one, const list_rules& rules) noexcept {
  if (!one.trading() || one.base_asset.empty() || one.quote_asset.empty())
    return unlisted;
  const auto& quotes = rules.quote_assets;
  if (!quotes.empty() && std::find(quotes.begin(), quotes.end(), one.quote_asset) == quotes.end())
    return unlisted;
  const auto& first = rules.priority_assets;
  return static_cast<std::size_t>(std::find(first.begin(), first.end(), one.base_asset) - first.begin());
}

} // namespace

const symbol* symbol_table::find(std::string_view name) const noexcept {
  if (slots_.empty())
    return nullptr;
  const auto key = key_of(name);
  for (const auto* at = &slots_[home_of(hash_of(key, name.size()), homes_)];; ++at) {
    if (at->id_plus_one == 0)
      return nullptr;
    if (at->low != key.low || at->high != key.high || at->length != name.size())
      continue;
    const auto& found = symbols_[at->id_plus_one - 1];
    if (name.size() <= short_name_max || found.name == name)
      return &found;
  }
}

void symbol_table::index_names(const std::vector<std::uint64_t>& hashes) {
  homes_ = symbols_.size() * 8 / 5 + 1;
  slots_.reserve(homes_ + 16);
  slots_.resize(homes_ + 1);
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    const auto name = symbols_[i].name;
    const auto key = key_of(name);
    auto at = home_of(hashes[i], homes_);
    while (slots_[at].id_plus_one != 0)
      ++at;
    slots_[at] = {key.low, key.high, i + 1, static_cast<std::uint32_t>(name.size())};
    if (at + 1 == slots_.size())
      slots_.emplace_back();
  }
  slots_.shrink_to_fit();
}

void symbol_table::sort_names() {
  std::vector<sort_key> keys(symbols_.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i)
    keys[i] = {byte_order_head(symbols_[i].name), i};
  std::sort(keys.begin(), keys.end(), [this](const sort_key& a, const sort_key& b) {
    return a.head != b.head ? a.head < b.head : symbols_[a.id].name < symbols_[b.id].name;
  });
  by_name_.resize(keys.size());
  std::transform(keys.begin(), keys.end(), by_name_.begin(), [](const sort_key& key) { return key.id; });
}

void symbol_table::order_list(const list_rules& rules) {
  std::vector<std::vector<std::uint32_t>> priority(rules.priority_assets.size());
  std::vector<bool> rest(symbols_.size());
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    trading_count_ += symbols_[i].trading() ? 1 : 0;
    const auto rank = rank_of(symbols_[i], rules);
    if (rank == unlisted)
      continue;
    ++count;
    if (rank < priority.size())
      priority[rank].push_back(i);
    else
      rest[i] = true;
  }
  listed_.reserve(count);
  for (const auto& group : priority)
    listed_.insert(listed_.end(), group.begin(), group.end());
  std::copy_if(by_name_.begin(), by_name_.end(), std::back_inserter(listed_), [&](auto i) { return rest[i]; });
}

void symbol_table::hash_content() noexcept {
  std::uint64_t hash = symbols_.size();
  for (const auto& one : symbols_) {
    hash = mix_text(mix_text(mix_text(hash, one.name), one.base_asset), one.quote_asset);
    for (const auto& text : {one.status_text, one.contract_type, one.permissions, one.tick_size.written,
                             one.step_size.written, one.min_quantity.written, one.max_quantity.written,
                             one.min_notional.written, one.min_price.written, one.max_price.written})
      hash = mix(hash, text.record().hash);
    hash = mix(hash, static_cast<std::uint64_t>(one.onboard_ms));
    hash = mix(hash, static_cast<std::uint64_t>(one.delivery_ms));
    hash = mix(hash, static_cast<std::uint64_t>(one.base_precision) << 24 | static_cast<std::uint64_t>(one.quote_precision) << 16
                       | static_cast<std::uint64_t>(one.price_precision) << 8 | one.quantity_precision);
  }
  for (const auto id : listed_)
    hash = mix(hash, id);
  content_hash_ = hash;
}

symbol_range symbol_table::complete(std::string_view prefix) const noexcept {
  const auto head = [&](std::uint32_t i) { return symbols_[i].name.substr(0, prefix.size()); };
  const auto begin = std::lower_bound(by_name_.begin(), by_name_.end(), prefix,
                                      [&](auto i, auto text) { return head(i) < text; });
  const auto end = std::upper_bound(begin, by_name_.end(), prefix, [&](auto text, auto i) { return text < head(i); });
  return {symbols_.data(), {begin, end}};
}

std::string symbol_table::list_json() const { return write_symbol_list(*this); }

std::size_t symbol_table::memory() const noexcept {
  return sizeof *this + text_bytes_ + texts_.capacity() * sizeof(texts_[0]) + symbols_.capacity() * sizeof(symbol)
         + slots_.capacity() * sizeof(slot) + (listed_.capacity() + by_name_.capacity()) * sizeof(std::uint32_t);
}

} // namespace holdfast
