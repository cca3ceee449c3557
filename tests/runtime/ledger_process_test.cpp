#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/counter_ledger.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_sync.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

namespace holdfast {
namespace {

using test::temporary_folder;

// Runs in a child, which ends with 0 if it returns.
pid_t start_child(const std::function<void()>& body) {
  const auto child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  return child;
}

int end_of(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

// One byte from one process to another.
class doorbell {
public:
  doorbell() { (void)::pipe(ends_.data()); }
  ~doorbell() {
    for (const int end : ends_)
      ::close(end);
  }
  void ring() const { (void)!::write(ends_[1], "x", 1); }
  void wait() const {
    char byte = 0;
    (void)!::read(ends_[0], &byte, 1);
  }

private:
  std::array<int, 2> ends_{};
};

std::vector<std::unique_ptr<ledger_file>> adopt_all(const std::string& folder) {
  std::uint64_t set_aside = 0;
  auto adopted = adopt_ledgers(folder, set_aside);
  EXPECT_EQ(set_aside, 0u);
  return adopted;
}

TEST(ledger_fork, a_child_counts_for_nobody_and_its_parent_exactly) {
  temporary_folder folder;
  const auto ledger = counter_ledger::open(folder.path(), 64, 4);
  const auto handle = ledger->handle("a");
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> counted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      std::uint64_t mine = 0;
      while (!enough.load()) {
        handle.incr();
        ++mine;
      }
      counted += mine;
    });
  for (int round = 0; round < 20; ++round) {
    const auto child = start_child([&] {
      for (int i = 0; i < 1000; ++i)
        handle.incr();
      ledger->add("a", 5);
      ledger->add("never heard of", 5);
      std::this_thread::yield();
      if (!ledger->forked() || ledger->file().row_count() != 1)
        ::_exit(1);
      ledger->file().remove();
    });
    EXPECT_EQ(end_of(child), 0);
  }
  enough = true;
  for (auto& thread : threads)
    thread.join();
  EXPECT_FALSE(ledger->forked());
  EXPECT_EQ(ledger->file().sums(0), (ledger_sums{counted.load(), 0}));
  EXPECT_EQ(ledger->file().row_count(), 1u);
  EXPECT_TRUE(std::filesystem::exists(ledger->file().path()));
}

TEST(ledger_fork, a_child_opens_a_ledger_of_its_own) {
  temporary_folder folder;
  const auto ledger = counter_ledger::open(folder.path(), 64);
  ledger->add("parent", 1);
  const auto child = start_child([&] { counter_ledger::open(folder.path(), 64)->add("child", 2); });
  EXPECT_EQ(end_of(child), 0);
  const auto adopted = adopt_all(folder.path());
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->key(0), "child");
  EXPECT_EQ(adopted[0]->sums(0).added, 2u);
}

TEST(ledger_fork, a_child_that_lives_on_keeps_no_lock) {
  temporary_folder folder;
  const doorbell forked;
  const doorbell enough;
  const auto parent = start_child([&] {
    const auto ledger = counter_ledger::open(folder.path(), 64);
    ledger->add("a", 500);
    start_child([&] {
      ledger->add("a", 1000);
      forked.ring();
      enough.wait();
    });
    forked.wait();
    forked.ring();
    ::pause();
  });
  forked.wait();
  forked.ring();
  ::kill(parent, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(end_of(parent)));
  const auto adopted = adopt_all(folder.path());
  enough.ring();
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->sums(0).added, 500u);
}

TEST(ledger_kill, every_finished_increment_is_in_the_file) {
  constexpr std::size_t threads_max = 4;
  using finished_counts = std::array<std::atomic<std::uint64_t>, threads_max>;
  std::mt19937 random{std::random_device{}()};
  for (int round = 0; round < 25; ++round) {
    temporary_folder folder;
    void* memory = ::mmap(nullptr, sizeof(finished_counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto& finished = *new (memory) finished_counts{};
    const auto child = start_child([&] {
      const auto ledger = counter_ledger::open(folder.path(), 64, 2);
      std::vector<std::thread> threads;
      for (std::size_t t = 0; t < threads_max; ++t)
        threads.emplace_back([&, t] {
          const auto counted = ledger->handle("thread:" + std::to_string(t));
          for (;;) {
            counted.incr();
            finished[t].fetch_add(1, std::memory_order_release);
          }
        });
      for (auto& thread : threads)
        thread.join();
    });
    const auto some = std::uniform_int_distribution<std::uint64_t>{1, 400'000}(random);
    while (finished[0].load() < some)
      std::this_thread::yield();
    ::kill(child, SIGKILL);
    end_of(child);
    const auto adopted = adopt_all(folder.path());
    ASSERT_EQ(adopted.size(), 1u);
    for (std::uint32_t row = 0; row < adopted[0]->row_count(); ++row) {
      const auto thread = static_cast<std::size_t>(adopted[0]->key(row).back() - '0');
      const auto known = finished[thread].load();
      const auto kept = adopted[0]->sums(row).added;
      EXPECT_TRUE(kept == known || kept == known + 1) << kept << " where " << known << " had finished";
    }
    ::munmap(memory, sizeof(finished_counts));
  }
}

TEST(ledger_kill, a_ledger_is_whole_or_not_there_whenever_its_maker_dies) {
  temporary_folder folder;
  std::mt19937 random{std::random_device{}()};
  for (int round = 0; round < 40; ++round) {
    const doorbell begun;
    const auto child = start_child([&] {
      begun.ring();
      for (;;) {
        const auto ledger = counter_ledger::open(folder.path(), 64, 2);
        ledger->add("a", 1);
        ledger->file().remove();
      }
    });
    begun.wait();
    for (auto turns = random() % 300; turns > 0; --turns)
      std::this_thread::yield();
    ::kill(child, SIGKILL);
    end_of(child);
    const auto adopted = adopt_all(folder.path());
    EXPECT_LE(adopted.size(), 1u);
    for (const auto& file : adopted)
      file->remove();
    EXPECT_TRUE(list_ledgers(folder.path()).empty());
  }
  std::uint64_t set_aside = 0;
  adopt_ledgers(folder.path(), set_aside, std::time(nullptr) + 3600);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

struct counts_in_static_destruction {
  counter handle;
  std::shared_ptr<counter_ledger> ledger;
  ~counts_in_static_destruction() {
    handle.incr();
    ledger->add("b", 1);
  }
};

TEST(ledger_process, counting_during_static_destruction_is_safe_and_kept) {
  temporary_folder folder;
  const auto child = start_child([&] {
    static counts_in_static_destruction last;
    last.ledger = counter_ledger::open(folder.path(), 64);
    last.handle = last.ledger->handle("a");
    last.handle.incr();
    std::exit(0);
  });
  EXPECT_EQ(end_of(child), 0);
  const auto adopted = adopt_all(folder.path());
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0]->sums(0).added, 2u);
  EXPECT_EQ(adopted[0]->key(1), "b");
}

TEST(ledger_process, a_limit_on_the_size_of_files_makes_it_anonymous_and_ends_nobody) {
  temporary_folder folder;
  const auto child = start_child([&] {
    const rlimit small{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto ledger = counter_ledger::open(folder.path(), 4096);
    ledger->add("a", 1);
    ::_exit(!ledger->durable() && ledger->file().sums(0).added == 1 ? 0 : 1);
  });
  EXPECT_EQ(end_of(child), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ledger_process, a_limit_set_later_leaves_threads_the_shared_stripe) {
  temporary_folder folder;
  const auto child = start_child([&] {
    const auto ledger = counter_ledger::open(folder.path(), 4096);
    const rlimit small{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    ledger->add("a", 1);
    std::thread{[&] { ledger->add("a", 1); }}.join();
    for (int i = 0; i < 2000; ++i)
      ledger->add("name:" + std::to_string(i), 1);
    ::_exit(ledger->durable() && ledger->file().sums(0).added == 2 ? 0 : 1);
  });
  EXPECT_EQ(end_of(child), 0);
}

TEST(ledger_process, it_is_put_on_the_disk_at_intervals) {
  temporary_folder folder;
  const auto ledger = counter_ledger::open(folder.path(), 64);
  ledger->add("a", 1);
  const ledger_sync syncing{ledger, std::chrono::milliseconds{1}};
  EXPECT_TRUE(test::wait_until([&] { return syncing.times() >= 2; }));
}

TEST(ledger_process, adopters_that_race_take_every_file_once) {
  temporary_folder folder;
  constexpr int files = 60;
  for (int i = 0; i < files; ++i)
    counter_ledger::open(folder.path(), 8, 1)->add("a", 1);
  std::atomic<std::uint64_t> sum{0};
  std::vector<std::thread> adopters;
  for (int t = 0; t < 4; ++t)
    adopters.emplace_back([&] {
      for (int round = 0; round < 5; ++round)
        for (const auto& file : adopt_all(folder.path())) {
          sum += file->sums(0).added;
          file->remove();
        }
    });
  for (auto& adopter : adopters)
    adopter.join();
  EXPECT_EQ(sum.load(), files);
  EXPECT_TRUE(list_ledgers(folder.path()).empty());
}

} // namespace
} // namespace holdfast
