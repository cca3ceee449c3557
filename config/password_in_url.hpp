// Whether what somebody typed as a URL may hold a password, so that no error repeats it.
#pragma once

#include <string_view>

namespace holdfast {

// Of a Redis' URL, however broken: whoever forgets a part leaves the password behind whatever colon is not followed by a port.
bool may_hold_password(std::string_view url);

// Of any URL in a list of the exchange's: a colon between the scheme and an @.
bool names_password(std::string_view urls);

} // namespace holdfast
