#include "runtime/counter_ledger.hpp"

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/ledger_file.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_layout.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using test::temporary_folder;

std::uint64_t added(const counter_ledger& ledger, std::uint32_t row) { return ledger.file().sums(row).added; }

TEST(counter_ledger, counters_of_one_name_are_one_counter) {
  const auto ledger = counter_ledger::anonymous(16);
  ledger->handle("metrics:a:b").incr(2);
  ledger->handle("metrics:a:b").incr();
  ASSERT_EQ(ledger->file().row_count(), 1u);
  EXPECT_EQ(added(*ledger, 0), 3u);
}

TEST(counter_ledger, threads_that_register_and_count_at_once_lose_nothing) {
  const auto ledger = counter_ledger::anonymous(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i)
        ledger->add("metrics:race:" + std::to_string(i % 40), 1);
    });
  for (auto& thread : threads)
    thread.join();
  ASSERT_EQ(ledger->file().row_count(), 40u);
  std::uint64_t sum = 0;
  for (std::uint32_t row = 0; row < 40; ++row)
    sum += added(*ledger, row);
  EXPECT_EQ(sum, 160'000u);
}

TEST(counter_ledger, what_comes_after_the_capacity_is_counted_in_the_overflow) {
  const auto ledger = counter_ledger::anonymous(2);
  for (const auto* key : {"a", "b", "c", "d"})
    ledger->add(key, 1);
  ledger->add("a", 1);
  EXPECT_EQ(ledger->file().row_count(), 2u);
  EXPECT_EQ(added(*ledger, 0), 2u);
  EXPECT_EQ(ledger->overflow(), 2u);
}

TEST(counter_ledger, unusable_keys_are_counted_in_the_overflow) {
  const auto ledger = counter_ledger::anonymous(16);
  const std::string nul{"a\0b", 3};
  for (const auto& key : {std::string{}, std::string{"a b"}, std::string{"a{b}"}, std::string{"a\n"}, nul, std::string(201, 'x')})
    ledger->add(key, 1);
  EXPECT_EQ(ledger->file().row_count(), 0u);
  EXPECT_EQ(ledger->overflow(), 6u);
}

TEST(counter_ledger, handles_outlive_their_ledger) {
  auto ledger = counter_ledger::anonymous(4);
  const auto handle = ledger->handle("a");
  ledger.reset();
  handle.incr();
  counter{}.incr();
}

TEST(counter_ledger, a_folder_that_cannot_be_written_to_makes_it_anonymous) {
  const auto ledger = counter_ledger::open("/proc/nowhere", 16);
  EXPECT_FALSE(ledger->durable());
  ledger->add("a", 1);
  EXPECT_EQ(added(*ledger, 0), 1u);
}

TEST(counter_ledger, increments_survive_the_kill_of_their_process) {
  temporary_folder folder;
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto ledger = counter_ledger::open(folder.path(), 16);
    for (int i = 0; i < 1000; ++i)
      ledger->add("metrics:a:b", 1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::uint64_t damaged = 0;
  const auto adopted = adopt_ledgers(folder.path(), damaged);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->key(0), "metrics:a:b");
  EXPECT_EQ(adopted[0]->sums(0).added, 1000u);
}

TEST(ledger_folder, a_ledger_in_use_is_not_adopted) {
  temporary_folder folder;
  const auto ledger = counter_ledger::open(folder.path(), 16);
  std::uint64_t damaged = 0;
  EXPECT_TRUE(adopt_ledgers(folder.path(), damaged).empty());
  EXPECT_EQ(damaged, 0u);
}

// A closed ledger of one counted row, as bytes.
std::string sound_file(const temporary_folder& folder) {
  { counter_ledger::open(folder.path(), 16)->add("metrics:a:b", 7); }
  std::ifstream file{list_ledgers(folder.path()).front(), std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(ledger_file, every_flipped_byte_of_the_header_and_a_name_is_survived) {
  temporary_folder folder;
  const auto bytes = sound_file(folder);
  const auto path = folder.file("x.ledger");
  const std::size_t name = ledger_layout::rows_offset + sizeof(ledger_layout::row) + offsetof(ledger_layout::row, key);
  for (std::size_t at = 0; at < sizeof(ledger_layout::header) + 16; ++at) {
    auto damaged = bytes;
    const auto where = at < sizeof(ledger_layout::header) ? at : name + at - sizeof(ledger_layout::header);
    damaged[where] = static_cast<char>(damaged[where] ^ 0x41);
    std::ofstream{path, std::ios::binary} << damaged;
    const auto file = ledger_file::view(path);
    const bool checked = where < 40 || (where >= name && where < name + 11);
    if (checked) {
      EXPECT_FALSE(file) << "byte " << where;
    } else if (file) {
      EXPECT_LE((*file)->row_count(), 16u);
    }
  }
}

TEST(ledger_file, every_truncation_is_refused) {
  temporary_folder folder;
  const auto bytes = sound_file(folder);
  const auto path = folder.file("x.ledger");
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    std::ofstream{path, std::ios::binary} << bytes.substr(0, size);
    EXPECT_FALSE(ledger_file::view(path)) << size;
  }
}

TEST(ledger_folder, a_damaged_ledger_is_moved_aside_and_kept) {
  temporary_folder folder;
  { counter_ledger::open(folder.path(), 16)->add("a", 1); }
  const auto path = list_ledgers(folder.path()).front();
  std::filesystem::resize_file(path, 100);
  std::uint64_t damaged = 0;
  EXPECT_TRUE(adopt_ledgers(folder.path(), damaged).empty());
  EXPECT_EQ(damaged, 1u);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/set-aside/" + std::filesystem::path{path}.filename().string()));
}

TEST(ledger_file, a_torn_bookkeeping_write_leaves_the_older_one) {
  const auto file = ledger_file::anonymous(4);
  file->append("a");
  row_bookkeeping book;
  book.merged.added = 1;
  file->set_bookkeeping(0, book);
  book.merged.added = 2;
  file->set_bookkeeping(0, book);
  auto& slots = file->cells(0).bookkeeping;
  auto& newer = slots[0].sequence > slots[1].sequence ? slots[0] : slots[1];
  newer.checksum ^= 1;
  EXPECT_EQ(file->bookkeeping(0).merged.added, 1u);
}

} // namespace
} // namespace holdfast
