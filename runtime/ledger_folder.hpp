// The ledgers of a folder: which of them nobody owns any more, and what to do with those that cannot be trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/ledger_file.hpp>

namespace holdfast {

// Takes ledgers whose owner is gone, so many at most. One that is damaged or outdated is moved to `set-aside` in the folder, kept,
// said and counted. One of another store than `store` stays, and is said. What a process left that died while it made a ledger is deleted: nothing was ever counted in it.
std::vector<std::unique_ptr<ledger_file>> adopt_ledgers(const std::string& folder, std::uint64_t& set_aside,
                                                        std::int64_t now_seconds = std::time(nullptr),
                                                        std::size_t at_most = SIZE_MAX, std::string_view store = {});

// Every ledger file of the folder, for looking.
std::vector<std::string> list_ledgers(const std::string& folder);

// Moves a file to `set-aside` beside it, under a name that is free there. Whoever calls holds its lock.
bool set_ledger_aside(const std::string& path);

} // namespace holdfast
