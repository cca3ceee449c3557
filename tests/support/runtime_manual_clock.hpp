// The clock that hosts get for their tests is ours too.
#pragma once

#include "testing/manual_clock.hpp"

namespace holdfast::test {

using testing::manual_clock;

} // namespace holdfast::test
