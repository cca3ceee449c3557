// Private to the exchangeInfo reader: repairs what RapidJSON refuses a whole body for, so that one bad value costs
// itself only.
#pragma once

#include <cstddef>
#include <string>

namespace holdfast {

// Escapes of half a surrogate pair become the replacement character.
void replace_lone_surrogates(std::string& body);

// The number that begins at `at` becomes null. False where there is none that is long enough to be too big.
bool replace_number(std::string& body, std::size_t at);

// What parsing in place made of a text without backslashes becomes what it was: closing quotes were overwritten.
void restore_quotes(std::string& body);

} // namespace holdfast
