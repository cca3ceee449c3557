// Bugs that are planted, one at a time, to see that the simulation finds them: at the seams of an engine, so that production's
// code is the one that is tested.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace holdfast::simulation {

enum class planted_bug {
  none,
  lost_resend,        // a client of the store takes a merge that was not carried out for done
  double_counting,    // the store carries out a merge again that it has carried out before
  wrong_caller,       // an answer that came late is handed to the next one who asks
  missing_fence,      // the store takes older tables over newer ones
  ignored_embargo,    // the transfer does not tell that the exchange forbids asking
  frozen_freshness,   // the clock by which freshness ends stands still now and then
  version_back,       // somebody hangs an older version on the board
  deleted_ledger,     // what a dead process counted is deleted instead of adopted
  forgotten_table,    // the last good table does not survive the process
  endless_restarts,   // the restart intensity is not the one that was promised
  no_deadline,        // a question loses its deadline on its way
};

inline constexpr std::array<std::string_view, 12> planted_bug_names{
  "none",         "lost_resend",    "double_counting", "wrong_caller",    "missing_fence",    "ignored_embargo", "frozen_freshness",
  "version_back", "deleted_ledger", "forgotten_table", "endless_restarts", "no_deadline"};

inline std::optional<planted_bug> planted_bug_of(std::string_view name) {
  for (std::size_t i = 0; i < planted_bug_names.size(); ++i)
    if (planted_bug_names[i] == name)
      return static_cast<planted_bug>(i);
  return std::nullopt;
}

} // namespace holdfast::simulation
