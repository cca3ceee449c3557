#include "runtime/process_register.hpp"

#include <sstream>

namespace holdfast {

process_register note_process(std::string_view before, std::string_view who, std::int64_t now_ms, std::int64_t span_ms) {
  process_register after{std::string{who} + ' ' + std::to_string(now_ms), 1};
  std::istringstream entries{std::string{before}};
  std::string name;
  std::int64_t said_ms = 0;
  while (entries >> name >> said_ms) {
    if (name == who || said_ms < now_ms - span_ms || said_ms > now_ms + span_ms)
      continue;
    after.text += ' ' + name + ' ' + std::to_string(said_ms);
    ++after.processes;
  }
  return after;
}

} // namespace holdfast
