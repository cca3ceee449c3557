// Names of writers and generations: 128 random bits, as 32 hex digits where they are text.
#pragma once

#include <string>
#include <string_view>

#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast {

ledger_id random_ledger_id();
bool is_set(const ledger_id& id) noexcept;
std::string to_text(const ledger_id& id); // empty for none
ledger_id ledger_id_from(std::string_view text) noexcept; // none where the text is no id

} // namespace holdfast
