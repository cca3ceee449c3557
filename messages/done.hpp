// The answer to what only wants to know that it is done. (CAF's own unit arrives as an empty message, or not, depending
// on how it was sent.)
#pragma once

namespace holdfast {

struct done {};

} // namespace holdfast
