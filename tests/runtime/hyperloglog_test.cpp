#include "runtime/hyperloglog.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "runtime/sqlite_distinct.hpp"
#include "runtime/stable_hash.hpp"

namespace holdfast {
namespace {

constexpr double standard_error = 0.0081;

hyperloglog sketch_of(const std::string& prefix, int count) {
  hyperloglog sketch;
  for (int i = 0; i < count; ++i)
    sketch.add(stable_hash(prefix + std::to_string(i)));
  return sketch;
}

TEST(hyperloglog, the_error_is_what_the_paper_says) {
  for (const int count : {1'000, 10'000, 40'000, 200'000}) {
    double squares = 0;
    constexpr int rounds = 20;
    for (int round = 0; round < rounds; ++round) {
      const auto sketch = sketch_of("user_" + std::to_string(round) + '_', count);
      const auto error = static_cast<double>(sketch.count()) / count - 1;
      EXPECT_LT(std::abs(error), 4 * standard_error) << count;
      squares += error * error;
    }
    EXPECT_LT(std::sqrt(squares / rounds), 1.5 * standard_error) << count;
  }
}

TEST(hyperloglog, small_numbers_are_exact) {
  for (int count = 0; count <= 40; ++count)
    EXPECT_EQ(sketch_of("user_", count).count(), static_cast<std::uint64_t>(count));
}

TEST(hyperloglog, adding_again_changes_nothing) {
  auto sketch = sketch_of("user_", 1000);
  const auto before = sketch.text();
  for (int i = 0; i < 1000; ++i)
    EXPECT_FALSE(sketch.add(stable_hash("user_" + std::to_string(i))));
  EXPECT_EQ(sketch.text(), before);
}

TEST(hyperloglog, a_sketch_survives_its_text_small_and_large) {
  for (const int count : {0, 1, 100, 3000, 6000, 100'000}) {
    const auto sketch = sketch_of("user_", count);
    const auto text = sketch.text();
    EXPECT_LE(text.size(), 12'292u);
    const auto again = hyperloglog::parse(text);
    ASSERT_TRUE(again) << count;
    EXPECT_EQ(again->count(), sketch.count());
    EXPECT_EQ(again->text(), text);
  }
}

TEST(hyperloglog, what_is_no_sketch_is_refused) {
  const auto dense = sketch_of("user_", 100'000).text();
  for (const auto& text : {std::string{}, std::string{"HF1"}, std::string{"HF1x"}, std::string{"HF1sab"}, std::string{"HYLL"},
                           std::string{"HF1s\xff\xff\xff"}, std::string{"HF1d"}, dense.substr(0, 100), dense + '0',
                           std::string{"[{\"symbol\":1}]"}})
    EXPECT_FALSE(hyperloglog::parse(text)) << text.substr(0, 20);
}

TEST(sqlite_distinct, elements_are_counted_and_other_values_left_alone) {
  const auto database = std::move(*sqlite_kv::open(":memory:"));
  const std::vector<std::string> three{"a", "b", "c"};
  EXPECT_EQ(add_distinct(*database, "k", three, 1), distinct_outcome::added);
  EXPECT_EQ(add_distinct(*database, "k", three, 1), distinct_outcome::added);
  EXPECT_EQ(count_distinct(*database, "k", 1), 3u);
  EXPECT_EQ(count_distinct(*database, "none", 1), 0u);
  ASSERT_TRUE(database->set("text", "hello", std::nullopt));
  EXPECT_EQ(add_distinct(*database, "text", three, 1), distinct_outcome::other_value);
  EXPECT_EQ(count_distinct(*database, "text", 1), std::nullopt);
  EXPECT_EQ(database->get("text", 1)->text, "hello");
}

TEST(stable_hash, it_is_the_same_for_ever) {
  EXPECT_EQ(stable_hash(""), 0x6d82ad5bfa0b4d8fu);
  EXPECT_EQ(stable_hash("user_123"), 0x61ff2055a81e7057u);
  EXPECT_NE(stable_hash("user_124"), stable_hash("user_123"));
}

} // namespace
} // namespace holdfast
