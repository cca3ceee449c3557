// What a store keeps of one writer of one counter, as text: "added subtracted", and " r<Unix seconds>" once retired.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast {

struct writer_state {
  ledger_sums sums;
  std::optional<std::int64_t> retired_at;
};
std::string to_text(const writer_state& state);
std::optional<writer_state> parse_writer_state(std::string_view text) noexcept;

// The id that follows one whose field is retired: the same for every copy of the ledger that finds it so, in order that
// copies meet again.
ledger_id successor_of(const ledger_id& writer, const ledger_sums& retired) noexcept;

} // namespace holdfast
