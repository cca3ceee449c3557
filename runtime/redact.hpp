// Takes out of a text what looks like a secret, for error messages that are shown and logged: the user and password of a
// URL, and what follows a word such as token, password, secret, signature or api_key and `=` or `:`.
//
// It finds what is written in the usual ways; whoever builds an error text still keeps secrets out of it.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

std::string redact(std::string_view text);

} // namespace holdfast
