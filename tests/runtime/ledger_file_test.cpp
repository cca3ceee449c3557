#include "runtime/ledger_file.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/counter_ledger.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_image.hpp"
#include "runtime/ledger_view.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using test::temporary_folder;
namespace fs = std::filesystem;
namespace layout = ledger_layout;
using kind = ledger_refusal::kind;

constexpr layout::geometry small{16, 2};
constexpr std::int64_t day = 24 * 3600;

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

row_bookkeeping merged_up_to(std::uint64_t added) {
  row_bookkeeping book;
  book.merged.added = book.sent.added = added;
  return book;
}

// A closed ledger of two rows with bookkeeping; the path of it.
std::string closed_ledger(const temporary_folder& folder) {
  const auto ledger = counter_ledger::open(folder.path(), small.capacity, small.stripes);
  ledger->add("metrics:a:b", 7);
  ledger->add("metrics:c:d", -3);
  ledger->file().set_bookkeeping(0, merged_up_to(4));
  ledger->file().set_bookkeeping(0, merged_up_to(5));
  return ledger->file().path();
}

TEST(ledger_file, increments_survive_the_kill_of_their_process) {
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
  std::uint64_t set_aside = 0;
  const auto adopted = adopt_ledgers(folder.path(), set_aside);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->owner_process(), child);
  EXPECT_EQ(adopted[0]->key(0), "metrics:a:b");
  EXPECT_EQ(adopted[0]->sums(0).added, 1000u);
}

TEST(ledger_file, what_was_closed_is_adopted_as_it_was) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  const auto file = ledger_file::adopt(path, std::time(nullptr));
  ASSERT_TRUE(file) << file.error().detail;
  ASSERT_EQ((*file)->row_count(), 2u);
  EXPECT_EQ((*file)->sums(0), (ledger_sums{7, 0}));
  EXPECT_EQ((*file)->sums(1), (ledger_sums{0, 3}));
  EXPECT_EQ((*file)->bookkeeping(0).merged.added, 5u);
  EXPECT_EQ((*file)->bookkeeping(1).merged.added, 0u);
  (*file)->raise(1, {10, 1});
  EXPECT_EQ((*file)->sums(1), (ledger_sums{10, 3}));
  (*file)->set_bookkeeping(1, merged_up_to(10));
  const auto view = ledger_view::open(path);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->rows[1].sums, (ledger_sums{10, 3}));
  EXPECT_EQ(view->rows[1].acknowledged, (ledger_sums{10, 0}));
  (*file)->remove();
  EXPECT_FALSE(fs::exists(path));
}

TEST(ledger_file, every_flipped_byte_of_header_and_row_gets_a_clear_verdict) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  const auto bytes = bytes_of(path);
  const auto row = small.row_offset(0);
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < sizeof(layout::header); ++at)
    places.push_back(at);
  for (std::size_t at = row; at < row + sizeof(layout::row); ++at)
    places.push_back(at);
  const auto key_end = row + offsetof(layout::row, key) + std::string_view{"metrics:a:b"}.size();
  for (const auto where : places) {
    auto damaged = bytes;
    damaged[where] = static_cast<char>(damaged[where] ^ 0x41);
    write_bytes(path, damaged);
    const auto view = ledger_view::open(path);
    const auto file = ledger_file::adopt(path, std::time(nullptr));
    EXPECT_EQ(view.has_value(), file.has_value()) << where;
    if (where < sizeof(layout::header) || (where >= row && where < key_end)) {
      ASSERT_FALSE(file) << "byte " << where;
      EXPECT_EQ(file.error().what, kind::damaged) << file.error().detail;
      EXPECT_NE(file.error().detail, "");
      EXPECT_FALSE(fs::exists(path)) << where;
    } else {
      // One slot of the bookkeeping, or bytes that mean nothing: the other slot stands.
      ASSERT_TRUE(file) << "byte " << where << ": " << file.error().detail;
      EXPECT_EQ((*file)->sums(0), (ledger_sums{7, 0}));
      EXPECT_GE((*file)->bookkeeping(0).merged.added, 4u);
    }
  }
  // Nothing was deleted: every refused one is kept under a name of its own.
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator{folder.file("set-aside")})
    kept += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(kept, sizeof(layout::header) + key_end - row);
}

TEST(ledger_file, both_slots_of_the_bookkeeping_damaged_is_damage) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  auto bytes = bytes_of(path);
  for (std::size_t slot = 0; slot < 2; ++slot)
    bytes[small.row_offset(0) + offsetof(layout::row, bookkeeping) + slot * sizeof(layout::bookkeeping_slot)] ^= 1;
  write_bytes(path, bytes);
  const auto file = ledger_file::adopt(path, std::time(nullptr));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().what, kind::damaged);
}

TEST(ledger_file, a_torn_first_write_of_the_bookkeeping_is_none) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  auto bytes = bytes_of(path);
  const auto slots = small.row_offset(1) + offsetof(layout::row, bookkeeping);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    auto torn = bytes;
    torn[slots + slot * sizeof(layout::bookkeeping_slot) + 3] = 9;
    write_bytes(path, torn);
    for (std::uint64_t next = 1; next <= 3; ++next) {
      const auto file = ledger_file::adopt(path, std::time(nullptr));
      ASSERT_TRUE(file) << file.error().detail;
      EXPECT_EQ((*file)->bookkeeping(1).merged.added, next == 1 ? 0 : next - 1);
      (*file)->set_bookkeeping(1, merged_up_to(next));
    }
  }
}

TEST(ledger_file, every_truncation_is_refused) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  const auto bytes = bytes_of(path);
  for (std::size_t size = 0; size < bytes.size(); size += size < 2 * sizeof(layout::header) ? 1 : 997) {
    write_bytes(path, bytes.substr(0, size));
    EXPECT_FALSE(ledger_view::open(path)) << size;
    const auto file = ledger_file::adopt(path, std::time(nullptr));
    ASSERT_FALSE(file) << size;
    EXPECT_EQ(file.error().what, kind::damaged);
  }
}

TEST(ledger_file, foreign_files_are_told_apart) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  const auto bytes = bytes_of(path);
  const auto verdict = [&](std::size_t at, const std::string& with) {
    auto changed = bytes;
    changed.replace(at, with.size(), with);
    write_bytes(path, changed);
    const auto file = ledger_file::adopt(path, std::time(nullptr));
    return file ? std::string{} : file.error().detail;
  };
  EXPECT_EQ(verdict(0, "SQLite"), "it is no ledger");
  EXPECT_EQ(verdict(8, {3, 0, 0, 0}), "it has format version 3, this program knows 2");
  EXPECT_EQ(verdict(12, {1, 2, 3, 4}), "it was written on a machine of another byte order");
}

TEST(ledger_file, a_row_that_counted_without_a_name_is_damage) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  auto bytes = bytes_of(path);
  bytes.replace(small.row_offset(0), sizeof(layout::row), std::string(sizeof(layout::row), '\0'));
  write_bytes(path, bytes);
  const auto file = ledger_file::adopt(path, std::time(nullptr));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().detail, "row 0 has counted but has no name");
}

TEST(ledger_file, a_file_of_25_days_ago_is_set_aside_and_kept) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  ASSERT_TRUE(ledger_file::adopt(path, std::time(nullptr) + 24 * day));
  std::uint64_t set_aside = 0;
  EXPECT_TRUE(adopt_ledgers(folder.path(), set_aside, std::time(nullptr) + 26 * day).empty());
  EXPECT_EQ(set_aside, 1u);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(ledger_view::open(folder.path() + "/set-aside/" + fs::path{path}.filename().string()));
}

TEST(ledger_file, a_file_of_another_name_than_its_writers_is_set_aside) {
  temporary_folder folder;
  const auto path = closed_ledger(folder);
  fs::copy_file(path, folder.file("copy.ledger"));
  std::uint64_t set_aside = 0;
  EXPECT_EQ(adopt_ledgers(folder.path(), set_aside).size(), 1u);
  EXPECT_EQ(set_aside, 1u);
  EXPECT_TRUE(fs::exists(folder.file("set-aside/copy.ledger")));
}

TEST(ledger_file, increments_for_another_store_wait_where_they_are) {
  const temporary_folder folder;
  const std::string long_name = "unix:///" + std::string(150, 'x') + "?db=0";
  for (const std::string& store : {std::string{"redis://127.0.0.1:6379/0"}, long_name}) {
    std::string path;
    {
      const auto ledger = counter_ledger::open(folder.file("ledgers"), 16, 2, store);
      ledger->add("metrics:a:b", 7);
      path = ledger->file().path();
    }
    const auto now = std::time(nullptr);
    EXPECT_EQ(ledger_file::adopt(path, now, "embedded").error().what, kind::of_another_store);
    EXPECT_EQ(ledger_file::adopt(path, now + 60 * day, "embedded").error().what, kind::of_another_store);
    std::uint64_t set_aside = 0;
    EXPECT_TRUE(adopt_ledgers(folder.file("ledgers"), set_aside, now, 8, store + "1").empty());
    EXPECT_EQ(set_aside, 0u);
    EXPECT_FALSE(ledger_view::open(path)->store.empty());
    const auto adopted = ledger_file::adopt(path, now, store);
    ASSERT_TRUE(adopted);
    EXPECT_EQ((*adopted)->sums(0).added, 7u);
    (*adopted)->remove();
  }
}

TEST(ledger_file, one_that_names_no_store_is_anybodys) {
  const temporary_folder folder;
  std::string path;
  {
    const auto ledger = counter_ledger::open(folder.file("ledgers"), 16, 2);
    ledger->add("metrics:a:b", 7);
    path = ledger->file().path();
  }
  EXPECT_TRUE(ledger_file::adopt(path, std::time(nullptr), "embedded"));
}

TEST(ledger_folder, every_file_that_is_set_aside_is_counted_and_kept) {
  temporary_folder folder;
  std::uint64_t set_aside = 0;
  for (int round = 0; round < 3; ++round) {
    write_bytes(folder.file("0123.ledger"), "no ledger " + std::to_string(round));
    EXPECT_TRUE(adopt_ledgers(folder.path(), set_aside).empty());
  }
  EXPECT_EQ(set_aside, 3u);
  EXPECT_EQ(bytes_of(folder.file("set-aside/0123.ledger")), "no ledger 0");
  EXPECT_EQ(bytes_of(folder.file("set-aside/0123.ledger.2")), "no ledger 2");
}

TEST(ledger_folder, a_ledger_in_use_is_not_adopted) {
  temporary_folder folder;
  const auto ledger = counter_ledger::open(folder.path(), 16);
  std::uint64_t set_aside = 0;
  EXPECT_TRUE(adopt_ledgers(folder.path(), set_aside).empty());
  EXPECT_EQ(set_aside, 0u);
}

TEST(ledger_folder, a_ledger_has_one_adopter) {
  temporary_folder folder;
  closed_ledger(folder);
  std::uint64_t set_aside = 0;
  const auto first = adopt_ledgers(folder.path(), set_aside);
  EXPECT_EQ(first.size(), 1u);
  EXPECT_TRUE(adopt_ledgers(folder.path(), set_aside).empty());
}

TEST(ledger_folder, what_was_never_finished_is_cleaned_up_in_time) {
  temporary_folder folder;
  write_bytes(folder.file("0123.new"), "half made");
  std::uint64_t set_aside = 0;
  adopt_ledgers(folder.path(), set_aside);
  EXPECT_TRUE(fs::exists(folder.file("0123.new")));
  adopt_ledgers(folder.path(), set_aside, std::time(nullptr) + 120);
  EXPECT_FALSE(fs::exists(folder.file("0123.new")));
}

TEST(ledger_view, tells_a_live_owner_from_a_dead_one_by_the_lock) {
  temporary_folder folder;
  std::string path;
  {
    const auto ledger = counter_ledger::open(folder.path(), 16);
    ledger->add("metrics:a:b", 7);
    ledger->add("metrics:a:b", -2);
    path = ledger->file().path();
    const auto view = ledger_view::open(path);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->owned);
    EXPECT_EQ(view->owner_process, ::getpid());
    EXPECT_EQ(view->writer, ledger->file().writer());
    ASSERT_EQ(view->rows.size(), 1u);
    EXPECT_EQ(view->rows[0].pending(), 5);
    EXPECT_FALSE(view->rows[0].is_merged());
  }
  const auto view = ledger_view::open(path);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->owned);
}

} // namespace
} // namespace holdfast
