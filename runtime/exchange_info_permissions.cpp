#include "runtime/exchange_info_permissions.hpp"

#include <algorithm>
#include <array>

#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::string_view nobodys = "?"; // held by no account

// Bodies name hundreds of permissions for every symbol: plain ASCII is told by one look at each byte.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x7F; ++byte)
    plain[byte] = byte != '&' && byte != '|';
  return plain;
}();

bool is_permission(std::string_view text) noexcept {
  const auto odd = std::find_if(text.begin(), text.end(), [](char c) { return !plain_bytes[static_cast<unsigned char>(c)]; });
  if (odd == text.end())
    return !text.empty();
  return text.find_first_of("&|") == std::string_view::npos && is_clean_utf8(text);
}

} // namespace

void permission_list::name(std::string_view text) {
  if (!text_.empty())
    text_ += joint_;
  joint_ = '|';
  has_names_ |= !in_group_;
  const bool readable = is_permission(text);
  text_ += readable ? text : nobodys;
  odd_ |= !readable;
}

void permission_list::end_group() {
  if (text_.size() == group_begin_)
    name({});
  in_group_ = false;
}

// Whether names beside groups are alternatives or demands is not known.
void permission_list::end() {
  if (has_names_ && has_groups_)
    no_list();
}

void permission_list::no_list() {
  text_ = nobodys;
  odd_ = true;
}

} // namespace holdfast
