// A hash of text that is the same in every process, build and version, for what is kept beyond the process. Spreads well,
// resists nobody who looks for collisions.
#pragma once

#include <cstdint>
#include <string_view>

#include <holdfast/runtime/name_key.hpp>

namespace holdfast {

inline std::uint64_t stable_hash(std::string_view text) noexcept {
  return mix(mix_text(0, text), text.size() ^ 0x2545f4914f6cdd1du);
}

} // namespace holdfast
