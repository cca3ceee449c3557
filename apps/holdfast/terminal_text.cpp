#include "apps/holdfast/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace holdfast::app {

namespace {

struct range {
  char32_t first;
  char32_t last;
};

// Combining marks, joiners and variation selectors.
constexpr std::array<range, 7> joined{{{0x300, 0x36F},
                                       {0x483, 0x489},
                                       {0x591, 0x5BD},
                                       {0x200B, 0x200F},
                                       {0x20D0, 0x20FF},
                                       {0xFE00, 0xFE0F},
                                       {0xFE20, 0xFE2F}}};
// East Asian Width W and F, in whole blocks, and emoji.
constexpr std::array<range, 14> wide{{{0x1100, 0x115F},
                                      {0x231A, 0x231B},
                                      {0x23E9, 0x23F3},
                                      {0x25FD, 0x25FE},
                                      {0x2614, 0x27BF},
                                      {0x2B1B, 0x2B55},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F004, 0x3FFFD}}};

template <std::size_t N>
bool among(const std::array<range, N>& ranges, char32_t character) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [character](const range& one) { return one.first <= character && character <= one.last; });
}

struct decoded {
  char32_t character;
  std::size_t bytes;
};

decoded first_of(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = std::min<std::size_t>(lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, text.size());
  char32_t character = bytes == 1 ? lead : lead & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i)
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return {character, bytes};
}

} // namespace

int columns_of(char32_t character) noexcept {
  if (character < 0x300)
    return 1;
  return among(joined, character) ? 0 : among(wide, character) ? 2 : 1;
}

std::string_view beginning_of(std::string_view text, int columns) noexcept {
  std::size_t end = 0;
  while (end < text.size()) {
    const auto next = first_of(text.substr(end));
    columns -= columns_of(next.character);
    if (columns < 0)
      break;
    end += next.bytes;
  }
  return text.substr(0, end);
}

} // namespace holdfast::app
