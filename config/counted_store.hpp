// The store that counters are for, as the ledgers in a state folder name it: nobody merges them into another.
#pragma once

#include <string>

#include <holdfast/config/options.hpp>

namespace holdfast {

// "embedded", or the address and database of the Redis, without user and password.
std::string counted_store(const options& settings);

} // namespace holdfast
