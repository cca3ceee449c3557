#include "runtime/redact.hpp"

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

constexpr std::string_view mask = "***";
constexpr std::array<std::string_view, 10> secret_words{"password", "passwd", "secret",    "token",         "apikey",
                                                        "api_key",  "api-key", "signature", "authorization", "listenkey"};
constexpr std::string_view value_ends = "&;,\"'`)]}<> \t\r\n";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size()
         && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

std::size_t skip(std::string_view text, std::size_t at, std::string_view any_of) noexcept {
  return std::min(text.find_first_not_of(any_of, at), text.size());
}

// Of "word" : value or word=value, from the begin of the word: where the value begins and ends; both 0: there is none.
struct span_of_value {
  std::size_t begin = 0;
  std::size_t end = 0;
};

span_of_value value_after(std::string_view text, std::size_t word_bytes) noexcept {
  const auto sign = skip(text, word_bytes, "\"' ");
  if (sign >= text.size() || (text[sign] != '=' && text[sign] != ':'))
    return {};
  auto begin = skip(text, sign + 1, "\"' ");
  for (const std::string_view scheme : {"bearer ", "basic "})
    if (starts_with_word(text.substr(begin), scheme))
      begin += scheme.size();
  return {begin, std::min(text.find_first_of(value_ends, begin), text.size())};
}

// The bytes of user:password@ at the begin of what follows ://; 0: there are none.
std::size_t credentials_at(std::string_view text) noexcept {
  const auto end = text.find_first_of("@/ \t\r\n?#");
  return end != std::string_view::npos && text[end] == '@' ? end : 0;
}

} // namespace

std::string redact(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    if (rest.starts_with("://")) {
      out += "://";
      at += 3;
      if (const auto bytes = credentials_at(text.substr(at)); bytes > 0) {
        out += mask;
        at += bytes;
      }
      continue;
    }
    const auto* word = std::find_if(secret_words.begin(), secret_words.end(),
                                    [&](std::string_view one) { return starts_with_word(rest, one); });
    const auto value = word == secret_words.end() ? span_of_value{} : value_after(rest, word->size());
    if (value.end > value.begin) {
      out.append(rest.substr(0, value.begin)).append(mask);
      at += value.end;
      continue;
    }
    out += text[at++];
  }
  return out;
}

} // namespace holdfast
