#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/counter_ledger.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_view.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

// A file system of its own in memory, which can be filled up. Needs root.
class small_disk {
public:
  explicit small_disk(const char* size)
    : mounted_{::mount("none", folder_.path().c_str(), "tmpfs", 0, (std::string{"size="} + size).c_str()) == 0} {}
  ~small_disk() {
    if (mounted_)
      ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool is_there() const noexcept { return mounted_; }
  std::string path() const { return folder_.file("ledgers"); }

  void fill() const {
    const int file = ::open(folder_.file("filler").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
  }

private:
  test::temporary_folder folder_;
  bool mounted_;
};

TEST(ledger_on_a_full_disk, begins_in_memory_and_says_why) {
  const small_disk disk{"1m"};
  if (!disk.is_there())
    GTEST_SKIP() << "mounting needs root: " << std::strerror(errno);
  disk.fill();
  const auto ledger = counter_ledger::open(disk.path(), 4096);
  EXPECT_FALSE(ledger->durable());
  ledger->add("a", 3);
  EXPECT_EQ(ledger->file().sums(0).added, 3u);
}

TEST(ledger_on_a_full_disk, threads_share_a_stripe_and_new_names_overflow) {
  const small_disk disk{"2m"};
  if (!disk.is_there())
    GTEST_SKIP() << "mounting needs root: " << std::strerror(errno);
  std::string path;
  {
    const auto ledger = counter_ledger::open(disk.path(), 4096);
    ASSERT_TRUE(ledger->durable()) << ledger->why_anonymous();
    disk.fill();
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i)
          ledger->add("name:" + std::to_string(i), 1);
      });
    for (auto& thread : threads)
      thread.join();
    const auto rows = ledger->file().row_count();
    EXPECT_GE(rows, 1024u);
    EXPECT_LT(rows, 2000u);
    for (std::uint32_t row = 0; row < rows; ++row)
      EXPECT_EQ(ledger->file().sums(row).added, 8u);
    EXPECT_EQ(ledger->overflow(), 8u * (2000u - rows));
    row_bookkeeping book;
    book.sent.added = 8;
    ledger->file().set_bookkeeping(rows - 1, book);
    path = ledger->file().path();
  }
  // Looked at, adopted and written to without a page to spare.
  const auto view = ledger_view::open(path);
  ASSERT_TRUE(view) << view.error();
  std::uint64_t set_aside = 0;
  const auto adopted = adopt_ledgers(disk.path(), set_aside);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->sums(7).added, 8u);
  adopted[0]->set_bookkeeping(7, {});
  adopted[0]->raise(7, {9, 9});
  EXPECT_EQ(adopted[0]->sums(7), (ledger_sums{9, 9}));
}

} // namespace
} // namespace holdfast
