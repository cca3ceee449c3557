#include "runtime/utf8.hpp"

#include <cstddef>

namespace holdfast {

bool is_clean_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7F) {
      ++i;
      continue;
    }
    const std::size_t extra = byte < 0xC2 ? 9 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : byte < 0xF5 ? 3 : 9;
    if (extra == 9 || i + extra >= text.size())
      return false;
    for (std::size_t k = 1; k <= extra; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80)
        return false;
    // The second row of control characters, overlong forms, surrogates, and what is above U+10FFFF.
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if ((byte == 0xC2 && second < 0xA0) || (byte == 0xE0 && second < 0xA0) || (byte == 0xED && second > 0x9F)
        || (byte == 0xF0 && second < 0x90) || (byte == 0xF4 && second > 0x8F))
      return false;
    i += extra + 1;
  }
  return true;
}

} // namespace holdfast
