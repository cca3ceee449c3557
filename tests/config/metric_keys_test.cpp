#define CAF_SUITE metric_keys

#include "config/metric_keys.hpp"

#include "config/keys.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

CAF_TEST(text from outside becomes a segment) {
  CAF_CHECK_EQUAL(metric_segment("status.NEW-1_x"), "status.NEW-1_x");
  CAF_CHECK_EQUAL(metric_segment("a b:c{d}\n"), "a_b_c_d__");
  CAF_CHECK_EQUAL(metric_segment("币"), "___");
  CAF_CHECK_EQUAL(metric_segment(""), "none");
  CAF_CHECK_EQUAL(metric_segment(std::string(1000, 'x')).size(), 64u);
}

CAF_TEST(a feature has one counter) {
  CAF_CHECK_EQUAL(keys::feature_counter("grid_strategy"), "metrics:feature_usage:grid_strategy");
  const auto built = build_metric_key(keys::feature_usage, "grid_strategy");
  CAF_REQUIRE(built);
  CAF_CHECK_EQUAL(*built, keys::feature_counter("grid_strategy"));
}

CAF_TEST(a key is built of two segments or refused with its reason) {
  const auto sound = build_metric_key("orders", "sent");
  CAF_REQUIRE(sound);
  CAF_CHECK_EQUAL(*sound, "metrics:orders:sent");
  const auto why = [](std::string_view type, std::string_view context) {
    const auto built = build_metric_key(type, context);
    return built ? std::optional<key_fault>{} : built.error();
  };
  CAF_CHECK(why("orders", "a:b") == key_fault::bad_character);
  CAF_CHECK(why("or:ders", "a") == key_fault::bad_character);
  CAF_CHECK(why("orders", "a\nb") == key_fault::bad_character);
  CAF_CHECK(why("orders", std::string_view{"a\0b", 3}) == key_fault::bad_character);
  CAF_CHECK(why("orders", "{a}") == key_fault::brace);
  CAF_CHECK(why("", "a") == key_fault::empty);
  CAF_CHECK(why("orders", "") == key_fault::empty);
  CAF_CHECK(why("orders", std::string(1'000'000, 'x')) == key_fault::too_long);
  CAF_CHECK(why(std::string(100, 'x'), std::string(100, 'x')) == key_fault::too_long);
}

CAF_TEST(one value too many of a type is counted as other) {
  metric_values values;
  for (int i = 0; i < 64; ++i)
    CAF_CHECK_EQUAL(values.key("kind", "v" + std::to_string(i)), "metrics:kind:v" + std::to_string(i));
  CAF_CHECK_EQUAL(values.left_out(), 0u);
  CAF_CHECK_EQUAL(values.key("kind", "one more"), "metrics:kind:other");
  CAF_CHECK_EQUAL(values.left_out(), 1u);
  CAF_CHECK_EQUAL(values.key("kind", "v63"), "metrics:kind:v63");
  CAF_CHECK_EQUAL(values.key("another", "one more"), "metrics:another:one_more");
}
