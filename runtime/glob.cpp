#include "runtime/glob.hpp"

namespace holdfast {

namespace {

// One pattern element against one character; `at` moves behind the element.
bool element_matches(std::string_view pattern, std::size_t& at, char c) noexcept {
  const char first = pattern[at++];
  if (first == '?')
    return true;
  if (first == '\\' && at < pattern.size())
    return pattern[at++] == c;
  if (first != '[')
    return first == c;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated)
    ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size())
      ++at;
    const char low = pattern[at++];
    char high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      high = pattern[at + 1];
      at += 2;
    }
    found = found || (low <= c && c <= high) || (high <= c && c <= low);
  }
  if (at < pattern.size())
    ++at;
  return found != negated;
}

} // namespace

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t position = 0;
  std::size_t star = std::string_view::npos; // behind the last star
  std::size_t star_position = 0;
  while (position < text.size() || at < pattern.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_position = position;
      continue;
    }
    if (at < pattern.size() && position < text.size()) {
      auto next = at;
      if (element_matches(pattern, next, text[position])) {
        at = next;
        ++position;
        continue;
      }
    }
    if (star == std::string_view::npos || star_position >= text.size())
      return false;
    at = star;
    position = ++star_position;
  }
  return true;
}

} // namespace holdfast
