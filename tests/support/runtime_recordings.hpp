// The recordings of the exchange, read in place; tests that use them skip where they are absent.
#pragma once

#include <optional>
#include <string>

namespace holdfast::test {

std::optional<std::string> recording(const std::string& name);

} // namespace holdfast::test
