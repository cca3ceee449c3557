// The real reader against the simple one: on the synthetic corpus of the fuzzer and what small changes make of it, on the
// recordings, and on bodies in their shape that are made up.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/runtime_made_exchange_info.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_simple_exchange_info.hpp"

namespace holdfast {
namespace {

using test::difference_between_readers;

std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{HOLDFAST_SOURCE_DIR "/tests/fuzz/corpus/exchange_info"})
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> bodies;
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    bodies.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return bodies;
}

// One small, likely harmful change.
std::string changed(std::string body, std::mt19937& random) {
  if (body.empty())
    return body;
  const auto at = random() % body.size();
  switch (random() % 5) {
    case 0: body[at] = static_cast<char>(random()); break;
    case 1: body.erase(at, random() % 8 + 1); break;
    case 2: body.insert(at, body.substr(random() % body.size(), random() % 64)); break;
    case 3: body.insert(at, 1, "\"\\{}[],:u0d"[random() % 11]); break;
    default: body.resize(at); break;
  }
  return body;
}

TEST(exchange_info_readers, agree_on_the_corpus_and_on_changes_of_it) {
  const auto bodies = corpus();
  ASSERT_GE(bodies.size(), 10u);
  std::mt19937 random{19};
  for (const auto& body : bodies) {
    ASSERT_EQ(difference_between_readers(body).value_or(""), "") << body.substr(0, 2000);
    for (int i = 0; i < 150; ++i) {
      const auto other = changed(body, random);
      ASSERT_EQ(difference_between_readers(other).value_or(""), "") << other.substr(0, 2000);
    }
  }
}

TEST(exchange_info_readers, agree_on_whole_bodies) {
  for (const auto* name : {"spot_made", "futures_made"})
    EXPECT_EQ(difference_between_readers(test::body_named(name).value_or("")).value_or(""), "") << name;
}

TEST(exchange_info_readers, agree_on_the_recordings) {
  std::size_t found = 0;
  for (const auto* name : {"spot_2020-10-09.json", "spot_2022-09-22.json", "futures_2022-12-22.json", "futures_2025-08-22.json"})
    if (const auto body = test::recording(name)) {
      ++found;
      EXPECT_EQ(difference_between_readers(*body).value_or(""), "") << name;
    }
  if (found == 0)
    GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
}

} // namespace
} // namespace holdfast
