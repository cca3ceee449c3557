// Private to the parts that judge and join lists: ticks and steps of zero, which switch the rule off.
#pragma once

#include "runtime/shared_text.hpp"

namespace holdfast {

inline bool is_zero(const rule_value& rule) noexcept { return rule.present() && rule.units <= 0; }

// Orders were rounded to it a moment ago, and would not be any more.
inline bool was_lost(const rule_value& before, const rule_value& now) noexcept {
  return before.present() && !is_zero(before) && (!now.present() || is_zero(now));
}

} // namespace holdfast
