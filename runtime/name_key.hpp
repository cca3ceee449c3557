// Private to the symbol parts: names as two machine words, so that a lookup compares words and not characters.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace holdfast {

inline constexpr std::size_t short_name_max = 16;

// The name itself, zero-padded, for names of up to 16 bytes; else its first 8 and a hash of the rest.
struct name_key {
  std::uint64_t low;
  std::uint64_t high;
  friend bool operator==(const name_key&, const name_key&) = default;
};

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using wide_product = unsigned __int128;
  const auto product = static_cast<wide_product>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load_word(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Up to eight bytes as one word, zero-padded, without reading past the end.
inline std::uint64_t load_up_to_8(const char* from, std::size_t length) noexcept {
  if (length == 8)
    return load_word(from);
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

// Faster than memcmp for the short texts of the exchange.
inline bool same_text(std::string_view a, std::string_view b) noexcept {
  const auto size = a.size();
  if (size != b.size())
    return false;
  if (size < 8)
    return load_up_to_8(a.data(), size) == load_up_to_8(b.data(), size);
  return load_word(a.data()) == load_word(b.data()) && load_word(a.data() + size - 8) == load_word(b.data() + size - 8)
         && (size <= 16 || std::memcmp(a.data() + 8, b.data() + 8, size - 16) == 0);
}

inline std::uint64_t mix_text(std::uint64_t seed, std::string_view text) noexcept {
  seed = mix(seed, text.size() + 1);
  while (text.size() > 8) {
    seed = mix(seed, load_word(text.data()));
    text.remove_prefix(8);
  }
  return mix(seed, load_up_to_8(text.data(), text.size()));
}

inline name_key key_of(std::string_view name) noexcept {
  if (name.size() > short_name_max)
    return {load_word(name.data()), mix_text(0, name.substr(8))};
  if (name.size() > 8)
    return {load_word(name.data()), load_up_to_8(name.data() + 8, name.size() - 8)};
  return {load_up_to_8(name.data(), name.size()), 0};
}

inline std::uint64_t hash_of(const name_key& key, std::size_t length) noexcept { return mix(key.low, key.high ^ length); }

// The slot of `slots` in which the search for a hash begins.
inline std::size_t home_of(std::uint64_t hash, std::size_t slots) noexcept {
  __extension__ using wide_product = unsigned __int128;
  return static_cast<std::size_t>(static_cast<wide_product>(hash) * slots >> 64);
}

} // namespace holdfast
