// Text from outside, made fit for a log line, a status answer or an error message: clean UTF-8 stays as it is, control
// characters and broken bytes become \xNN, and it is never longer than `most` bytes (then it ends in "...").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

std::string printable(std::string_view text, std::size_t most = 200);

} // namespace holdfast
