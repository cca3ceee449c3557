// Of everything that decides what a list holds, exchange and quote assets: tables of another fingerprint are not believed,
// so that a process on a test network never feeds one that trades.
#pragma once

#include <string>

#include <holdfast/config/options.hpp>

namespace holdfast {

std::string fingerprint_of(const options& settings);

} // namespace holdfast
