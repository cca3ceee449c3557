// Private: small files of the state folder that other processes may read meanwhile.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

// Whole or not at all: written beside it (mode 0600), then renamed. False: it could not be written, and is as it was.
bool replace_file(const std::string& path, std::string_view text);

// Its beginning, at most `most` bytes; empty where there is no such file, or it cannot be read.
std::string read_beginning(const std::string& path, std::size_t most);

} // namespace holdfast
