// Reads values of an embedded store's file without changing anything: before a store is opened, and where none can be
// opened (a read-only folder).
//
// Threads  any; nothing is kept between calls.
// Bounds   a busy database is read after at most 50 ms: the caller is a process that starts.
// Errors   what cannot be read is not there.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace holdfast {

// As many answers as keys, in their order. Expiry is not looked at.
std::vector<std::optional<std::string>> read_entries(const std::string& path, const std::vector<std::string>& keys);

// Why the database cannot be opened or written now; a busy one is waited for at most 2 s. Empty: it can, or there is none yet.
std::string why_not_writable(const std::string& path);

} // namespace holdfast
