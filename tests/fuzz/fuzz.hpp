// What every fuzz target shares: a way to say that a rule was broken, and a reader that cuts the input into choices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace holdfast::fuzz {

inline void expect(bool rule, const std::string& broken) {
  if (rule)
    return;
  std::fprintf(stderr, "%s\n", broken.c_str());
  std::abort();
}

class input_reader {
public:
  explicit input_reader(std::string_view input) : left_{input} {}
  bool empty() const { return left_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1).empty() ? 0 : last_); }
  // 0 where the input is used up.
  std::uint32_t number(unsigned width) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value = value << 8 | byte();
    return value;
  }
  std::string_view bytes(std::size_t count) {
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    last_ = taken.empty() ? 0 : static_cast<unsigned char>(taken.back());
    return taken;
  }
  std::string_view line() {
    const auto end = std::min(left_.find('\n'), left_.size());
    const auto taken = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    return taken;
  }
  std::string_view rest() const { return left_; }

private:
  std::string_view left_;
  unsigned char last_ = 0;
};

} // namespace holdfast::fuzz
