// What a test does less of, or allows more of, where a sanitizer watches it: everything takes several times as long, and
// AddressSanitizer keeps what was freed. The release build does all of it.
#pragma once

namespace holdfast::test {

#if defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool under_sanitizer = true;
#  else
inline constexpr bool under_sanitizer = false;
#  endif
#else
inline constexpr bool under_sanitizer = false;
#endif

// Of so many random steps.
constexpr int steps_of(int steps) { return under_sanitizer ? steps / 8 : steps; }

} // namespace holdfast::test
