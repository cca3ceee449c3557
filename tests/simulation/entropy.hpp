// Where ids come from in a simulation: getrandom() of this program answers from a seed, so that a run replays exactly.
#pragma once

#include <cstdint>

namespace holdfast::simulation {

void seed_entropy(std::uint64_t seed);
int process_id();

} // namespace holdfast::simulation
