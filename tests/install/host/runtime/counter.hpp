#pragma once

namespace host {
int count();
} // namespace host
