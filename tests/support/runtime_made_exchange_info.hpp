// Bodies of the exchange that are made up, in the shape of 2026: 600 symbols, minified, with permission sets on spot. Always
// there, so that what is tried on the recordings is tried without them, too.
#pragma once

#include <optional>
#include <string>

namespace holdfast::test {

// "spot_made", "futures_made"; any other name is one of the recordings, absent where that is.
std::optional<std::string> body_named(const std::string& name);

} // namespace holdfast::test
