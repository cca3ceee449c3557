// Either a value or the reason why there is none (std::expected comes with C++23; this is the part of it we use).
#pragma once

#include <utility>
#include <variant>

namespace holdfast {

template <class E>
struct unexpected { // an error on its way into an expected
  E reason; // moved into the expected
};
// So that `return unexpected{why};` needs no type.
template <class E>
unexpected(E) -> unexpected<E>;

template <class T, class E>
class [[nodiscard]] expected {
public:
  // Implicit: a function returns its value as it is.
  expected(T value) : content_{std::in_place_index<0>, std::move(value)} {}
  // Implicit likewise, for `return unexpected{why};`.
  expected(unexpected<E> why) : content_{std::in_place_index<1>, std::move(why.reason)} {}

  // False: there is an error().
  bool has_value() const noexcept { return content_.index() == 0; }
  // As has_value(), for conditions.
  explicit operator bool() const noexcept { return has_value(); }

  // Pre: has_value().
  T& operator*() noexcept { return *std::get_if<0>(&content_); }
  // Pre: has_value(). Only to look at.
  const T& operator*() const noexcept { return *std::get_if<0>(&content_); }
  // Pre: has_value(). A member of the value.
  T* operator->() noexcept { return std::get_if<0>(&content_); }
  // Pre: has_value(). A member of the value, only to look at.
  const T* operator->() const noexcept { return std::get_if<0>(&content_); }

  // Pre: !has_value().
  const E& error() const noexcept { return *std::get_if<1>(&content_); }

private:
  std::variant<T, E> content_;
};

} // namespace holdfast
