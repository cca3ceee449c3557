#include "tests/support/runtime_recordings.hpp"

#include <fstream>
#include <iterator>

namespace holdfast::test {

std::optional<std::string> recording(const std::string& name) {
  std::ifstream file{std::string{HOLDFAST_SHARED_DATA "/"} + name, std::ios::binary};
  if (!file)
    return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

} // namespace holdfast::test
