// Which start of the machine this is: what is told on the boot clock means something only to processes of the same one.
#pragma once

#include <string>

namespace holdfast {

// 16 hex digits; empty where the kernel does not tell.
const std::string& boot_name();

} // namespace holdfast
