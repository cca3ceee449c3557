// A straightforward model of exact decimals of any length, from text, digit by digit: slow and obvious. Not negative.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace holdfast::test {

class big_decimal {
public:
  // "12.340"; digits and at most one point.
  explicit big_decimal(std::string_view text) {
    for (const char c : text)
      if (c != '.')
        digits_ += c;
    const auto point = text.find('.');
    scale_ = point == std::string_view::npos ? 0 : text.size() - point - 1;
    trim();
  }

  bool is_zero() const { return digits_.empty(); }

  friend int compare(big_decimal a, big_decimal b) {
    align(a, b);
    if (a.digits_.size() != b.digits_.size())
      return a.digits_.size() < b.digits_.size() ? -1 : 1;
    const int order = a.digits_.compare(b.digits_);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  friend big_decimal operator*(const big_decimal& a, const big_decimal& b) {
    std::string product(a.digits_.size() + b.digits_.size(), '\0');
    for (std::size_t i = a.digits_.size(); i-- > 0;) {
      int carry = 0;
      for (std::size_t k = b.digits_.size(); k-- > 0;) {
        const int sum = product[i + k + 1] + (a.digits_[i] - '0') * (b.digits_[k] - '0') + carry;
        product[i + k + 1] = static_cast<char>(sum % 10);
        carry = sum / 10;
      }
      product[i] = static_cast<char>(carry);
    }
    for (auto& digit : product)
      digit = static_cast<char>(digit + '0');
    return {product, a.scale_ + b.scale_};
  }

  // What is left of `a` after as many whole `b` as fit. Pre: `b` is not zero.
  friend big_decimal operator%(big_decimal a, big_decimal b) {
    align(a, b);
    big_decimal rest{"", a.scale_};
    for (const char digit : a.digits_) {
      rest.digits_ += digit;
      rest.trim();
      while (compare(rest, b) >= 0)
        rest.subtract(b);
    }
    return rest;
  }

  friend big_decimal operator-(big_decimal a, big_decimal b) {
    align(a, b);
    a.subtract(b);
    return a;
  }

private:
  big_decimal(std::string digits, std::size_t scale) : digits_{std::move(digits)}, scale_{scale} { trim(); }

  void trim() { digits_.erase(0, std::min(digits_.find_first_not_of('0'), digits_.size())); }

  static void align(big_decimal& a, big_decimal& b) {
    for (auto* one : {&a, &b}) {
      const auto& other = one == &a ? b : a;
      if (one->scale_ < other.scale_) {
        one->digits_.append(other.scale_ - one->scale_, '0');
        one->scale_ = other.scale_;
      }
      one->trim();
    }
  }

  // Pre: same scale, not more than this.
  void subtract(const big_decimal& other) {
    int borrow = 0;
    for (std::size_t i = 0; i < digits_.size(); ++i) {
      auto& digit = digits_[digits_.size() - 1 - i];
      int value = digit - '0' - borrow - (i < other.digits_.size() ? other.digits_[other.digits_.size() - 1 - i] - '0' : 0);
      borrow = value < 0 ? 1 : 0;
      digit = static_cast<char>(value + 10 * borrow + '0');
    }
    trim();
  }

  std::string digits_; // without leading zeros
  std::size_t scale_ = 0;
};

} // namespace holdfast::test
