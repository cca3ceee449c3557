#include "runtime/writer_state.hpp"

#include <charconv>

#include "runtime/ledger_id.hpp"

namespace holdfast {

std::string to_text(const writer_state& state) {
  auto text = std::to_string(state.sums.added) + ' ' + std::to_string(state.sums.subtracted);
  if (state.retired_at)
    text += " r" + std::to_string(*state.retired_at);
  return text;
}

std::optional<writer_state> parse_writer_state(std::string_view text) noexcept {
  writer_state state;
  const auto* at = text.data();
  const auto* const end = at + text.size();
  const auto number = [&](auto& into) {
    const auto [next, error] = std::from_chars(at, end, into);
    const bool good = error == std::errc{} && next != at;
    at = next;
    return good;
  };
  if (!number(state.sums.added) || at == end || *at++ != ' ' || !number(state.sums.subtracted))
    return std::nullopt;
  if (at == end)
    return state;
  std::int64_t retired = 0;
  if (end - at < 3 || *at++ != ' ' || *at++ != 'r' || !number(retired) || at != end)
    return std::nullopt;
  state.retired_at = retired;
  return state;
}

ledger_id successor_of(const ledger_id& writer, const ledger_sums& retired) noexcept {
  ledger_id next{};
  std::uint64_t mixed = 0x9E3779B97F4A7C15u;
  const auto stir = [&mixed](std::uint64_t word) {
    mixed = (mixed ^ word) * 0xBF58476D1CE4E5B9u;
    mixed ^= mixed >> 29;
  };
  for (std::size_t i = 0; i < next.size(); ++i) {
    for (const auto byte : writer)
      stir(byte + 1u);
    stir(retired.added);
    stir(retired.subtracted);
    next[i] = static_cast<std::uint8_t>(mixed >> 56);
  }
  return is_set(next) ? next : writer;
}

} // namespace holdfast
