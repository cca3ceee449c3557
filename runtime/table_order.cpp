#include "runtime/table_order.hpp"

#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "runtime/fencing_token.hpp"

namespace holdfast {

bool is_newer(const table_stamp& one, const table_stamp& other) noexcept {
  if (one.order.known() && other.order.known())
    return one.order > other.order;
  return one.fetched && (!other.fetched || *one.fetched > *other.fetched);
}

std::string to_text(const table_order& order) {
  char text[48];
  std::snprintf(text, sizeof text, "%020" PRIu64 " %020" PRIu64, order.token, order.sequence);
  return text;
}

table_order parse_table_order(std::string_view text) noexcept {
  table_order order;
  const char* const end = text.data() + text.size();
  const auto token = std::from_chars(text.data(), end, order.token);
  if (token.ec != std::errc{} || order.token > token_max || token.ptr == end || *token.ptr != ' ')
    return {};
  const auto sequence = std::from_chars(token.ptr + 1, end, order.sequence);
  return sequence.ec == std::errc{} && sequence.ptr == end ? order : table_order{};
}

} // namespace holdfast
