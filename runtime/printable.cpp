#include "runtime/printable.hpp"

#include <algorithm>

#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::string_view cut_mark = "...";
constexpr std::string_view digits = "0123456789abcdef";

// Bytes of the clean character that `text` begins with; 0: none.
std::size_t clean_character(std::string_view text) noexcept {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length)
    if (is_clean_utf8(text.substr(0, length)))
      return length;
  return 0;
}

} // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t cut = 0; // how much of it stays where the whole is too long
  while (!text.empty()) {
    const auto length = clean_character(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length > 0)
      out += text.substr(0, length);
    else
      out.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
    if (out.size() > most)
      return out.substr(0, cut).append(cut_mark.substr(0, most));
    if (out.size() + cut_mark.size() <= most)
      cut = out.size();
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

} // namespace holdfast
