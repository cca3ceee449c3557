// The embedded store's database, alone: what it does when files, readers and other processes misbehave.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "runtime/sqlite_kv.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;
using holdfast::test::temporary_folder;

constexpr std::int64_t now = 1'700'000'000'000;

merge_row first_merge(std::string key, std::int64_t difference) {
  return {std::move(key), std::string(32, 'a'), {}, "state", "generation", difference};
}

void execute(const std::string& path, const char* sql) {
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  sqlite3_close(raw);
}

TEST(sqlite_kv, many_openings_of_a_fresh_folder_at_once_all_succeed) {
  int refused = 0;
  std::string why;
  for (int round = 0; round != 20; ++round) {
    temporary_folder folder;
    std::atomic<bool> go{false};
    std::vector<std::string> problems(8);
    std::vector<std::thread> threads;
    for (auto& problem : problems)
      threads.emplace_back([&] {
        while (!go.load()) {
        }
        if (auto opened = sqlite_kv::open(folder.path() + "/store.sqlite"); !opened)
          problem = opened.error();
      });
    go = true;
    for (auto& thread : threads)
      thread.join();
    for (const auto& problem : problems)
      if (!problem.empty()) {
        ++refused;
        why = problem;
      }
  }
  EXPECT_EQ(refused, 0) << "of 160: " << why;
}

TEST(sqlite_kv, what_could_not_be_read_is_never_committed_as_if_it_were_missing) {
  temporary_folder folder;
  const auto path = folder.path() + "/store.sqlite";
  auto store = sqlite_kv::open(path);
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->set("metrics:a:b", "100", {}));
  execute(path, "ALTER TABLE lease RENAME TO away");
  sqlite_kv::transaction all{**store};
  (*store)->take_lease("refresh:spot", "one", 1000, 0, now);
  ASSERT_TRUE((*store)->set("metrics:a:b", "1", {}));
  EXPECT_FALSE(all.commit());
  EXPECT_NE((*store)->last_error().find("lease"), std::string::npos);
}

TEST(sqlite_kv, damage_found_after_opening_is_not_taken_for_a_missing_key) {
  temporary_folder folder;
  const auto path = folder.path() + "/store.sqlite";
  {
    auto store = sqlite_kv::open(path);
    ASSERT_TRUE(store);
    sqlite_kv::transaction all{**store};
    for (int number = 0; number != 3000; ++number)
      ASSERT_TRUE((*store)->set("metrics:key:" + std::to_string(number), std::to_string(1000 + number), {}));
    ASSERT_TRUE(all.commit());
  }
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096 * 6);
    const std::string rubbish(size - 4096 * 6, '\x5a');
    file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
  }
  auto store = sqlite_kv::open(path);
  ASSERT_TRUE(store);
  int merged = 0;
  int unanswered = 0;
  for (int number = 0; number != 3000; ++number) {
    sqlite_kv::transaction one{**store};
    auto row = first_merge("metrics:key:" + std::to_string(number), 1);
    row.expected.counter_exists = false;
    const auto verdict = (*store)->merge(row, now);
    merged += verdict && verdict->outcome == merge_outcome::merged;
    unanswered += !verdict;
  }
  EXPECT_EQ(merged, 0) << "counters merged as if they were new; unanswered " << unanswered;
}

TEST(sqlite_kv, a_second_damage_keeps_the_first_file_too) {
  temporary_folder folder;
  const auto path = folder.path() + "/store.sqlite";
  for (const char* content : {"first rubbish", "second rubbish"}) {
    std::ofstream{path} << std::string(5000, content[0]);
    ASSERT_TRUE(sqlite_kv::open(path));
  }
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder.path()})
    kept += entry.path().string().find("damaged") != std::string::npos;
  EXPECT_EQ(kept, 2);
}

TEST(sqlite_kv, only_integers_that_redis_would_count_on_are_counters) {
  auto store = sqlite_kv::open(":memory:");
  ASSERT_TRUE(store);
  for (const char* text : {"007", "-0", "text", " 1", "1 ", "", "9223372036854775808"}) {
    ASSERT_TRUE((*store)->set("k", text, {}));
    EXPECT_FALSE((*store)->read_counter({"k", {}}, now).value) << '"' << text << '"';
  }
}

TEST(sqlite_kv, every_file_is_private) {
  temporary_folder folder;
  const auto path = folder.path() + "/store.sqlite";
  auto store = sqlite_kv::open(path);
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->set("k", "v", {}));
  for (const auto& entry : std::filesystem::directory_iterator{folder.path()}) {
    struct stat about {};
    ASSERT_EQ(::stat(entry.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U) << entry.path();
  }
}

TEST(sqlite_kv, writers_retired_long_ago_are_forgotten_and_nobody_else) {
  auto store = std::move(*sqlite_kv::open(":memory:"));
  const auto put = [&](const std::string& writer, const std::string& state) {
    const auto found = store->read_counter({"a", {writer}}, 1);
    const merge_row row{"a", writer, {found.generation, {}, found.exists}, state, "g", 1};
    ASSERT_EQ(store->merge(row, 1)->outcome, merge_outcome::merged);
  };
  put("old", "5 0 r1000");
  put("young", "5 0 r3000");
  put("alive", "5 0");
  EXPECT_TRUE(store->forget_retired(2000));
  EXPECT_EQ(store->read_counter({"a", {"old", "young", "alive"}}, 1).states,
            (std::vector<std::string>{"", "5 0 r3000", "5 0"}));
}

} // namespace
