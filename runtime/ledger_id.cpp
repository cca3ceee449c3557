#include "runtime/ledger_id.hpp"

#include <sys/random.h>

namespace holdfast {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

} // namespace

ledger_id random_ledger_id() {
  ledger_id id{};
  while (!is_set(id))
    (void)::getrandom(id.data(), id.size(), 0);
  return id;
}

bool is_set(const ledger_id& id) noexcept { return id != ledger_id{}; }

std::string to_text(const ledger_id& id) {
  std::string text;
  if (!is_set(id))
    return text;
  for (const auto byte : id) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

ledger_id ledger_id_from(std::string_view text) noexcept {
  ledger_id id{};
  if (text.size() != 2 * id.size())
    return id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto high = digits.find(text[2 * i]);
    const auto low = digits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return {};
    id[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

} // namespace holdfast
