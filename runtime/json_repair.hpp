// Private to the exchangeInfo reader: repairs what RapidJSON refuses a whole body for, so that one bad value costs
// itself only.
#pragma once

#include <cstddef>
#include <string>

namespace holdfast {

// Escapes of half a surrogate pair become the replacement character. Whether there are escapes at all.
bool replace_lone_surrogates(std::string& body);

// The number that begins at `at` becomes null. False where there is none that is long enough to be too big.
bool replace_number(std::string& body, std::size_t at);

// What parsing in place, up to `end`, made of a text without backslashes becomes what it was: closing quotes had become
// NUL. False where there is a NUL behind `end`, which no parser made.
bool restore_quotes(std::string& body, std::size_t end);

} // namespace holdfast
