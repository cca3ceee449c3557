// Either a value or the reason why there is none (std::expected comes with C++23; this is the part of it we use).
#pragma once

#include <utility>
#include <variant>

namespace holdfast {

template <class E>
struct unexpected { // an error on its way into an expected
  E reason;
};
template <class E>
unexpected(E) -> unexpected<E>;

template <class T, class E>
class [[nodiscard]] expected {
public:
  expected(T value) : content_{std::in_place_index<0>, std::move(value)} {}
  expected(unexpected<E> why) : content_{std::in_place_index<1>, std::move(why.reason)} {}

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Pre: has_value().
  T& operator*() noexcept { return *std::get_if<0>(&content_); }
  const T& operator*() const noexcept { return *std::get_if<0>(&content_); }
  T* operator->() noexcept { return std::get_if<0>(&content_); }
  const T* operator->() const noexcept { return std::get_if<0>(&content_); }

  // Pre: !has_value().
  const E& error() const noexcept { return *std::get_if<1>(&content_); }

private:
  std::variant<T, E> content_;
};

} // namespace holdfast
