// How wide text is on a terminal. Pure.
//
// Bounds  clean UTF-8 alone is measured rightly; what no terminal agrees on (flags, joined emoji) may be given too much
// room.
#pragma once

#include <string_view>

namespace holdfast::app {

// 0 for what joins the character before it, 2 for what East Asian fonts and emoji make wide, 1 for all others.
int columns_of(char32_t character) noexcept;

// As much of the begin of `text` as fits; no character is cut.
std::string_view beginning_of(std::string_view text, int columns) noexcept;

} // namespace holdfast::app
