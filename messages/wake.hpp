// An actor's message to itself: a timer, or "when you have read what waits". Nobody else sends it.
#pragma once

#include <cstdint>

namespace holdfast {

struct wake {
  std::uint32_t what = 0;   // which of the actor's own reasons
  std::uint64_t number = 0; // tells a timer that is still wanted from one that is not
};

} // namespace holdfast
