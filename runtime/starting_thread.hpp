// Held by whatever of the library starts a thread, while it does: whoever tried whether one is to be had then finds it so.
#pragma once

#include <mutex>

namespace holdfast {

inline std::mutex starting_thread;

} // namespace holdfast
