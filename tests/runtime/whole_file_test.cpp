#include "runtime/whole_file.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

TEST(whole_file, is_whole_where_two_threads_replace_it_at_once) {
  const test::temporary_folder folder;
  const auto path = folder.file("x");
  std::atomic<int> failed{0};
  const auto write = [&](char letter) {
    const std::string text(100'000, letter);
    for (int i = 0; i < 200; ++i)
      failed += replace_file(path, text) ? 0 : 1;
  };
  std::thread other{write, 'a'};
  write('b');
  other.join();
  EXPECT_EQ(failed, 0);
  const auto text = read_beginning(path, 200'000);
  EXPECT_EQ(text.size(), 100'000u);
  EXPECT_EQ(text.find_first_not_of(text.front()), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder.path()}, {}), 1);
}

} // namespace
} // namespace holdfast
