#pragma once

namespace host {
struct options {
  int answer = 42;
};
} // namespace host
