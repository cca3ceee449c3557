// Whose configuration made a full-fidelity text (runtime/symbol_codec.hpp), told without making its table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

// None where it is no text of ours.
std::optional<std::string> fingerprint_in(std::string_view text);

} // namespace holdfast
