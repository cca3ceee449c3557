// Redis's glob: `*`, `?`, `[a-z]`, `[^a]`, backslash. No recursion; linear in the text for each star.
#pragma once

#include <string_view>

namespace holdfast {

bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

} // namespace holdfast
