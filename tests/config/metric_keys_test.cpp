#define CAF_SUITE metric_keys

#include "config/metric_keys.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

CAF_TEST(text from outside becomes a segment) {
  CAF_CHECK_EQUAL(metric_segment("status.NEW-1_x"), "status.NEW-1_x");
  CAF_CHECK_EQUAL(metric_segment("a b:c{d}\n"), "a_b_c_d__");
  CAF_CHECK_EQUAL(metric_segment("币"), "___");
  CAF_CHECK_EQUAL(metric_segment(""), "none");
  CAF_CHECK_EQUAL(metric_segment(std::string(1000, 'x')).size(), 64u);
}

CAF_TEST(one value too many of a type is counted as other) {
  metric_values values;
  for (int i = 0; i < 64; ++i)
    CAF_CHECK_EQUAL(values.key("kind", "v" + std::to_string(i)), "metrics:kind:v" + std::to_string(i));
  CAF_CHECK_EQUAL(values.key("kind", "one more"), "metrics:kind:other");
  CAF_CHECK_EQUAL(values.key("kind", "v63"), "metrics:kind:v63");
  CAF_CHECK_EQUAL(values.key("another", "one more"), "metrics:another:one_more");
}
