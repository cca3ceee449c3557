#include "runtime/symbol_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t block_bytes = 16384;

__extension__ using wide = unsigned __int128;

struct short_key {
  std::uint64_t low;
  std::uint64_t high;
};

std::uint64_t load(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Up to eight bytes as one word, zero-padded, without reading past the end.
std::uint64_t load_up_to_8(const char* from, std::size_t length) noexcept {
  if (length == 8)
    return load(from);
  if (length >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + length - 4, 4);
    return first | static_cast<std::uint64_t>(last) << (8 * (length - 4));
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < length; ++i)
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  return word;
}

// The first 16 bytes of a name; longer names are compared in full through the symbol.
short_key key_of(std::string_view name) noexcept {
  if (name.size() >= 16)
    return {load(name.data()), load(name.data() + 8)};
  if (name.size() > 8)
    return {load(name.data()), load_up_to_8(name.data() + 8, name.size() - 8)};
  return {load_up_to_8(name.data(), name.size()), 0};
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<wide>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t mix_text(std::uint64_t seed, std::string_view text) noexcept {
  seed = mix(seed, text.size() + 1);
  while (text.size() > 8) {
    seed = mix(seed, load(text.data()));
    text.remove_prefix(8);
  }
  return mix(seed, load_up_to_8(text.data(), text.size()));
}

} // namespace

struct text_arena::content {
  std::vector<std::unique_ptr<char[]>> blocks;
  std::size_t left = 0;
  char* next = nullptr;
  std::size_t bytes = 0;
  std::unordered_set<std::string_view> known;
};

text_arena::text_arena() : content_{std::make_unique<content>()} {}
text_arena::~text_arena() = default;
text_arena::text_arena(text_arena&&) noexcept = default;
text_arena& text_arena::operator=(text_arena&&) noexcept = default;

std::string_view text_arena::intern(std::string_view text) {
  if (text.empty())
    return {};
  auto& all = *content_;
  if (const auto known = all.known.find(text); known != all.known.end())
    return *known;
  if (text.size() > all.left) {
    const auto size = std::max(block_bytes, text.size());
    all.blocks.push_back(std::make_unique_for_overwrite<char[]>(size));
    all.next = all.blocks.back().get();
    all.left = size;
    all.bytes += size;
  }
  std::memcpy(all.next, text.data(), text.size());
  const std::string_view kept{all.next, text.size()};
  all.next += text.size();
  all.left -= text.size();
  all.known.insert(kept);
  return kept;
}

void text_arena::seal() noexcept { std::unordered_set<std::string_view>{}.swap(content_->known); }

std::size_t text_arena::bytes() const noexcept { return content_->bytes; }

const symbol* symbol_table::find(std::string_view name) const noexcept {
  if (slots_.empty())
    return nullptr;
  const auto key = key_of(name);
  const auto mask = slots_.size() - 1;
  for (auto at = mix(key.low, key.high ^ name.size()) & mask;; at = (at + 1) & mask) {
    const auto& candidate = slots_[at];
    if (candidate.id_plus_one == 0)
      return nullptr;
    if (candidate.key[0] != key.low || candidate.key[1] != key.high || candidate.length != name.size())
      continue;
    const auto& found = symbols_[candidate.id_plus_one - 1];
    if (name.size() <= 16 || found.name == name)
      return &found;
  }
}

void symbol_table::index_names() {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(symbols_.size() * 4 / 3 + 1, 2)), slot{});
  const auto mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    const auto name = symbols_[i].name;
    const auto key = key_of(name);
    auto at = mix(key.low, key.high ^ name.size()) & mask;
    while (slots_[at].id_plus_one != 0)
      at = (at + 1) & mask;
    slots_[at] = {{key.low, key.high}, i + 1, static_cast<std::uint32_t>(name.size())};
  }
  by_name_.resize(symbols_.size());
  for (std::uint32_t i = 0; i < by_name_.size(); ++i)
    by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(),
            [this](auto a, auto b) { return symbols_[a].name < symbols_[b].name; });
}

void symbol_table::order_list(const list_rules& rules) {
  const auto position = [](const std::vector<std::string>& in, std::string_view what) {
    return static_cast<std::size_t>(std::find(in.begin(), in.end(), what) - in.begin());
  };
  std::vector<std::vector<std::uint32_t>> priority(rules.priority_assets.size());
  std::vector<bool> first(symbols_.size());
  const auto wanted = [&](const symbol& one) {
    return one.trading() && !one.base_asset.empty() && !one.quote_asset.empty()
           && (rules.quote_assets.empty() || position(rules.quote_assets, one.quote_asset) < rules.quote_assets.size());
  };
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    trading_count_ += symbols_[i].trading() ? 1 : 0;
    if (!wanted(symbols_[i]))
      continue;
    if (const auto rank = position(rules.priority_assets, symbols_[i].base_asset); rank < priority.size()) {
      priority[rank].push_back(i);
      first[i] = true;
    }
  }
  for (const auto& group : priority)
    listed_.insert(listed_.end(), group.begin(), group.end());
  for (const auto i : by_name_)
    if (!first[i] && wanted(symbols_[i]))
      listed_.push_back(i);
  listed_.shrink_to_fit();
}

void symbol_table::hash_content() noexcept {
  std::uint64_t hash = symbols_.size();
  for (const auto& one : symbols_) {
    for (const auto text : {one.name, one.base_asset, one.quote_asset, one.status_text, one.contract_type, one.permissions,
                            one.tick_size.text(), one.step_size.text(), one.min_quantity.text(), one.max_quantity.text(),
                            one.min_notional.text(), one.min_price.text(), one.max_price.text()})
      hash = mix_text(hash, text);
    hash = mix(hash, static_cast<std::uint64_t>(one.onboard_ms));
    hash = mix(hash, static_cast<std::uint64_t>(one.delivery_ms));
    hash = mix(hash, static_cast<std::uint64_t>(one.status) << 32 | static_cast<std::uint64_t>(one.base_precision) << 24
                       | static_cast<std::uint64_t>(one.quote_precision) << 16
                       | static_cast<std::uint64_t>(one.price_precision) << 8 | one.quantity_precision);
  }
  for (const auto id : listed_)
    hash = mix(hash, id);
  content_hash_ = hash;
}

std::span<const std::uint32_t> symbol_table::with_prefix(std::string_view prefix) const noexcept {
  const auto head = [&](std::uint32_t i) { return symbols_[i].name.substr(0, prefix.size()); };
  const auto begin = std::lower_bound(by_name_.begin(), by_name_.end(), prefix,
                                      [&](auto i, auto text) { return head(i) < text; });
  const auto end = std::upper_bound(begin, by_name_.end(), prefix, [&](auto text, auto i) { return text < head(i); });
  return {begin, end};
}

std::size_t symbol_table::memory() const noexcept {
  return sizeof *this + arena_.bytes() + symbols_.capacity() * sizeof(symbol) + slots_.capacity() * sizeof(slot)
         + (listed_.capacity() + by_name_.capacity()) * sizeof(std::uint32_t) + list_json_.capacity();
}

symbol_table_builder::symbol_table_builder() : table_{new symbol_table} {}

bool symbol_table_builder::add(const symbol& next) {
  if (next.name.empty() || next.name.size() > name_bytes_max || !is_clean_utf8(next.name))
    return false;
  if (names_.contains(next.name))
    return false;
  auto& table = *table_;
  auto kept = next;
  kept.name = *names_.insert(table.arena_.intern(next.name)).first;
  for (auto* text : {&kept.base_asset, &kept.quote_asset, &kept.status_text, &kept.contract_type, &kept.permissions})
    *text = table.arena_.intern(is_clean_utf8(*text) ? *text : std::string_view{});
  for (auto* rule : {&kept.tick_size, &kept.step_size, &kept.min_quantity, &kept.max_quantity, &kept.min_notional,
                     &kept.min_price, &kept.max_price}) {
    if (!is_clean_utf8(rule->text()))
      *rule = {};
    rule->characters = table.arena_.intern(rule->text()).data();
  }
  table.symbols_.push_back(kept);
  return true;
}

symbol_table_ptr symbol_table_builder::build(const list_rules& rules) {
  auto table = std::exchange(table_, std::unique_ptr<symbol_table>{new symbol_table});
  names_.clear();
  table->arena_.seal();
  table->symbols_.shrink_to_fit();
  table->index_names();
  table->order_list(rules);
  table->list_json_ = write_symbol_list(*table);
  table->hash_content();
  return symbol_table_ptr{std::move(table)};
}

rule_value make_rule(std::string_view text) noexcept {
  if (text.empty() || text.size() > 255)
    return {};
  rule_value rule{.characters = text.data(), .length = static_cast<std::uint8_t>(text.size())};
  if (const auto value = decimal::parse(text)) {
    rule.units = value->units;
    rule.scale = value->scale;
    rule.exact = true;
  }
  return rule;
}

bool is_clean_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t extra = byte < 0x80 ? 0 : byte < 0xC2 ? 9 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : byte < 0xF5 ? 3 : 9;
    if (extra == 9 || i + extra >= text.size() || byte < 0x20 || byte == 0x7F)
      return false;
    for (std::size_t k = 1; k <= extra; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80)
        return false;
    const auto second = extra > 0 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second > 0x9F) || (byte == 0xF0 && second < 0x90)
        || (byte == 0xF4 && second > 0x8F))
      return false;
    i += extra + 1;
  }
  return true;
}

} // namespace holdfast
