// The day of UTC, as features are counted by: a test that tells today from yesterday asks whether it still is the same one.
#pragma once

#include <chrono>

namespace holdfast::test {

inline std::chrono::sys_days today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }

} // namespace holdfast::test
