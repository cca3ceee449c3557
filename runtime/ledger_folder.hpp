// The ledgers of a state folder: which of them nobody owns any more, and what to do with those that are not sound.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <holdfast/runtime/ledger_file.hpp>

namespace holdfast {

// Takes every ledger whose owner is gone. A damaged one is moved to `set-aside` in the folder, kept, and counted.
std::vector<std::unique_ptr<ledger_file>> adopt_ledgers(const std::string& folder, std::uint64_t& damaged);

// Every ledger file of the folder, for looking.
std::vector<std::string> list_ledgers(const std::string& folder);

} // namespace holdfast
