#include "tests/simulation/entropy.hpp"

#include <cstddef>
#include <random>

#include <sys/types.h>
#include <unistd.h>

namespace {

std::mt19937_64& source() {
  static std::mt19937_64 random;
  return random;
}

} // namespace

// In place of the C library's, for everything that is linked into this program.
extern "C" ssize_t getrandom(void* buffer, std::size_t size, unsigned) {
  auto* bytes = static_cast<unsigned char*>(buffer);
  for (std::size_t at = 0; at < size; ++at)
    bytes[at] = static_cast<unsigned char>(source()());
  return static_cast<ssize_t>(size);
}

namespace holdfast::simulation {

void seed_entropy(std::uint64_t seed) { source().seed(seed ^ 0x5EED); }

int process_id() { return ::getpid(); }

} // namespace holdfast::simulation
