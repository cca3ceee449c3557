// Private to the rate limits: big-endian numbers in a state's bytes, as the script packs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

inline constexpr std::size_t rate_magic_bytes = 4;
inline constexpr std::string_view rolling_magic = "hfr1";
inline constexpr std::string_view smooth_magic = "hfs1";
// Lua has no larger exact integers.
inline constexpr std::int64_t rate_number_max = std::int64_t{1} << 53;

inline std::int64_t number_at(std::string_view bytes, std::size_t at, std::size_t width) noexcept {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(at, width))
    number = number << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

inline void put_number(std::string& bytes, std::size_t at, std::size_t width, std::int64_t number) noexcept {
  for (std::size_t i = 0; i < width; ++i)
    bytes[at + i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (width - 1 - i)));
}

constexpr bool is_rate_number(std::int64_t number) noexcept { return number >= 0 && number <= rate_number_max; }

} // namespace holdfast
