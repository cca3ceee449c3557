// The recordings of the exchange, read in place; tests that use them skip where they are absent.
#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace holdfast::test {

inline std::optional<std::string> recording(const std::string& name) {
  std::ifstream file{std::string{HOLDFAST_SHARED_DATA "/"} + name, std::ios::binary};
  if (!file)
    return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

} // namespace holdfast::test
