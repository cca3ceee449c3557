// Whether text from outside may be kept and passed on as it is.
#pragma once

#include <string_view>

namespace holdfast {

// Well-formed UTF-8 without control characters.
bool is_clean_utf8(std::string_view text) noexcept;

} // namespace holdfast
