// Which processes said lately that they are there, as one line of text: "<who> <Unix ms> ..." for the embedded store.
//
// Bounds   one entry per process that spoke within the span; ids hold no blanks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

struct process_register {
  std::string text;
  std::int64_t processes = 0; // in it
};

// The register after `who` spoke; those who did not within the span, or speak from the future, are gone.
process_register note_process(std::string_view before, std::string_view who, std::int64_t now_ms, std::int64_t span_ms);

} // namespace holdfast
