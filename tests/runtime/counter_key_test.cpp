#include "runtime/counter_key.hpp"

#include <string>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(counter_key, what_a_metric_key_may_be) {
  for (const auto* good : {"metrics:orders:sent", "metrics:a:b", "metrics:cache_hit:symbols_spot", "metrics:a.b-c:D_9",
                           "metrics:orders:by:side"})
    EXPECT_EQ(fault_of_counter_key(good), std::nullopt) << good;
}

TEST(counter_key, keys_of_another_making_are_free_of_blanks_and_braces) {
  EXPECT_EQ(fault_of_counter_key("orders:sent"), std::nullopt);
  EXPECT_EQ(fault_of_counter_key("métrique"), std::nullopt);
  EXPECT_EQ(fault_of_counter_key("a b"), key_fault::blank);
  EXPECT_EQ(fault_of_counter_key("a\x7F"), key_fault::blank);
  EXPECT_EQ(fault_of_counter_key("a{b"), key_fault::brace);
  for (const auto* key : {"m\xE9trique", "a\xC3", "a\xED\xA0\x80", "\xFF"})
    EXPECT_EQ(fault_of_counter_key(key), key_fault::not_utf8) << key;
}

TEST(counter_key, each_refusal_has_its_reason) {
  EXPECT_EQ(fault_of_counter_key(""), key_fault::empty);
  EXPECT_EQ(fault_of_counter_key("metrics:"), key_fault::empty);
  EXPECT_EQ(fault_of_counter_key("metrics::sent"), key_fault::empty);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:"), key_fault::empty);
  EXPECT_EQ(fault_of_counter_key("metrics:orders::sent"), key_fault::empty);
  EXPECT_EQ(fault_of_counter_key("metrics:orders"), key_fault::no_context);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:" + std::string(200, 'x')), key_fault::too_long);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:a\nb"), key_fault::bad_character);
  EXPECT_EQ(fault_of_counter_key(std::string_view{"metrics:orders:a\0b", 18}), key_fault::bad_character);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:a b"), key_fault::bad_character);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:*"), key_fault::bad_character);
  EXPECT_EQ(fault_of_counter_key("metrics:orders:{a}"), key_fault::brace);
  for (const auto* key : {"cache:x", "rate_limit:user:action", "holdfast:epoch"})
    EXPECT_EQ(fault_of_counter_key(key), key_fault::reserved) << key;
}

TEST(counter_key, a_colon_ends_no_segment_by_stealth) {
  EXPECT_EQ(fault_of_segment("sent"), std::nullopt);
  EXPECT_EQ(fault_of_segment("sent:more"), key_fault::bad_character);
  EXPECT_EQ(fault_of_segment("a\r\nSET x 1"), key_fault::bad_character);
  EXPECT_EQ(fault_of_segment(std::string(201, 'x')), key_fault::too_long);
}

TEST(counter_key, the_type_is_what_is_between_the_first_two_colons) {
  EXPECT_EQ(type_of_metric("metrics:orders:by:side"), "orders");
  EXPECT_EQ(type_of_metric("metrics:orders"), "");
  EXPECT_EQ(type_of_metric("orders:sent:x"), "");
}

} // namespace
} // namespace holdfast
