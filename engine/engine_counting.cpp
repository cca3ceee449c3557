#include "engine/engine.hpp"

#include "engine/parts.hpp"

namespace holdfast {

namespace {

bool has_row(const ledger_file& file, std::string_view key) noexcept {
  for (std::uint32_t row = 0; row < file.row_count(); ++row)
    if (file.key(row) == key)
      return true;
  return false;
}

} // namespace

holdfast::counter engine::counter(std::string_view key) noexcept { return parts_->ledger->handle(key); }

void engine::incr(std::string_view key, std::int64_t amount) noexcept { parts_->ledger->add(key, amount); }

bool engine::incr_if_kept(std::string_view key, std::int64_t amount) noexcept {
  auto& ledger = *parts_->ledger;
  if (!ledger.durable())
    return false;
  const auto handle = ledger.handle(key); // makes the row, where one can be had
  if (!has_row(ledger.file(), key))
    return false;
  handle.add(amount);
  return true;
}

} // namespace holdfast
