// Private to the exchangeInfo reader: writes what one key of a symbol tells about permissions in the notation of symbol.hpp.
//
// Never more is permitted than the exchange does: what cannot be read becomes a name that nobody holds, where a name, a
// group or a whole list should be. Left out, it would permit what it may forbid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

class permission_list {
public:
  // Of a list, or of a symbol that may have none.
  void begin() {
    text_.clear();
    joint_ = '|';
    in_group_ = has_names_ = has_groups_ = odd_ = false;
  }
  void begin_group() {
    joint_ = '&';
    in_group_ = has_groups_ = true;
    group_begin_ = text_.size();
  }
  // Empty where something else than text stands in its place.
  void name(std::string_view text);
  void end_group();
  void end();
  // In place of the list stands something else.
  void no_list();

  const std::string& text() const noexcept { return text_; }
  // It had something that cannot be read.
  bool odd() const noexcept { return odd_; }

private:
  std::string text_;
  std::size_t group_begin_ = 0; // the length of text_ before the group
  char joint_ = '|';            // before the next name, where there is one before it
  bool in_group_ = false;
  bool has_names_ = false; // outside groups
  bool has_groups_ = false;
  bool odd_ = false;
};

} // namespace holdfast
