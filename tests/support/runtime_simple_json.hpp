// The plainest JSON reader: a tree of copies, numbers as text, half a surrogate pair as the replacement character.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::test {

struct simple_json {
  enum class kind { other, text, object, array }; // other: null, true, false
  kind is = kind::other;
  std::string text; // of a string or a number
  std::vector<std::string> keys; // of an object: one for each element
  std::vector<simple_json> elements;
};

struct simple_json_reader {
  static constexpr int depth_max = 500;

  explicit simple_json_reader(std::string_view body) : rest{body} {}

  // None: no JSON, or (then `beyond`) nested deeper than this reader goes.
  std::optional<simple_json> read() {
    auto value = read_value(0);
    skip_blanks();
    return value && rest.empty() ? value : std::nullopt;
  }

  bool beyond = false; // also where it has a number that the real reader takes for null: too big for a double

private:
  void skip_blanks() { rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size())); }

  bool take(std::string_view what) {
    if (!rest.starts_with(what))
      return false;
    rest.remove_prefix(what.size());
    return true;
  }

  std::optional<simple_json> read_value(int depth) {
    if (depth > depth_max) {
      beyond = true;
      return std::nullopt;
    }
    skip_blanks();
    if (take("null") || take("true") || take("false"))
      return simple_json{};
    if (rest.starts_with('"')) {
      auto text = read_string();
      return text ? std::optional{simple_json{simple_json::kind::text, *text, {}, {}}} : std::nullopt;
    }
    if (take("{"))
      return read_object(depth);
    if (take("["))
      return read_array(depth);
    return read_number();
  }

  std::optional<simple_json> read_object(int depth) {
    simple_json object{simple_json::kind::object, {}, {}, {}};
    skip_blanks();
    if (take("}"))
      return object;
    for (;;) {
      skip_blanks();
      auto key = rest.starts_with('"') ? read_string() : std::nullopt;
      skip_blanks();
      if (!key || !take(":"))
        return std::nullopt;
      auto value = read_value(depth + 1);
      if (!value)
        return std::nullopt;
      object.keys.push_back(std::move(*key));
      object.elements.push_back(std::move(*value));
      skip_blanks();
      if (take("}"))
        return object;
      if (!take(","))
        return std::nullopt;
    }
  }

  std::optional<simple_json> read_array(int depth) {
    simple_json array{simple_json::kind::array, {}, {}, {}};
    skip_blanks();
    if (take("]"))
      return array;
    for (;;) {
      auto value = read_value(depth + 1);
      if (!value)
        return std::nullopt;
      array.elements.push_back(std::move(*value));
      skip_blanks();
      if (take("]"))
        return array;
      if (!take(","))
        return std::nullopt;
    }
  }

  std::optional<simple_json> read_number() {
    const auto all = rest;
    const auto digits = [this] {
      const auto count = std::min(rest.find_first_not_of("0123456789"), rest.size());
      rest.remove_prefix(count);
      return count;
    };
    take("-");
    if (!take("0") && digits() == 0)
      return std::nullopt;
    if (take(".") && digits() == 0)
      return std::nullopt;
    if (take("e") || take("E")) {
      const bool small = !take("+") && take("-");
      const auto count = digits();
      if (count == 0)
        return std::nullopt;
      beyond |= count > 2 && !small;
    }
    beyond |= all.size() - rest.size() > 300;
    return simple_json{simple_json::kind::text, std::string{all.substr(0, all.size() - rest.size())}, {}, {}};
  }

  std::optional<unsigned> read_code_unit() {
    if (rest.size() < 6 || !rest.starts_with("\\u"))
      return std::nullopt;
    unsigned unit = 0;
    for (const char c : rest.substr(2, 4)) {
      const auto digit = std::string_view{"0123456789abcdef"}.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos)
        return std::nullopt;
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return unit;
  }

  static void append(std::string& out, unsigned point) {
    const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
    if (point < 0x80)
      return byte(point);
    if (point < 0x800) {
      byte(0xC0 | point >> 6);
    } else {
      if (point < 0x10000) {
        byte(0xE0 | point >> 12);
      } else {
        byte(0xF0 | point >> 18);
        byte(0x80 | (point >> 12 & 0x3F));
      }
      byte(0x80 | (point >> 6 & 0x3F));
    }
    byte(0x80 | (point & 0x3F));
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const auto unit = read_code_unit()) {
      rest.remove_prefix(6);
      const auto next = *unit >= 0xD800 && *unit < 0xDC00 ? read_code_unit() : std::nullopt;
      if (next && *next >= 0xDC00 && *next < 0xE000) {
        rest.remove_prefix(6);
        append(out, 0x10000 + ((*unit - 0xD800) << 10) + (*next - 0xDC00));
      } else {
        append(out, *unit >= 0xD800 && *unit < 0xE000 ? 0xFFFD : *unit);
      }
      return true;
    }
    const auto which = rest.size() < 2 ? std::string_view::npos : letters.find(rest[1]);
    if (which == std::string_view::npos)
      return false;
    out += meanings[which];
    rest.remove_prefix(2);
    return true;
  }

  std::optional<std::string> read_string() {
    std::string out;
    for (rest.remove_prefix(1); !rest.empty();) {
      const char c = rest.front();
      if (c == '"') {
        rest.remove_prefix(1);
        return out;
      }
      if (static_cast<unsigned char>(c) < 0x20)
        return std::nullopt;
      if (c == '\\') {
        if (!read_escape(out))
          return std::nullopt;
        continue;
      }
      out += c;
      rest.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::string_view rest;
};

} // namespace holdfast::test
