// A second reader of exchangeInfo bodies, to compare the real one with: it makes a tree first, copies everything, and
// shares no code with the real one but the check of UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::test {

// What differs between the two readers' ideas of a body; none where they agree, or where the body is beyond what the
// simple one can do (nested deeper than 500 levels, numbers beyond a double).
std::optional<std::string> difference_between_readers(std::string_view body);

} // namespace holdfast::test
