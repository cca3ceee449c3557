#include "runtime/embargo.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/retry_after.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class embargo_file : public ::testing::Test {
protected:
  embargo opened() const { return {market::spot, file, clock}; }
  void write(const std::string& text) const { std::ofstream{file, std::ios::binary} << text; }
  std::int64_t now_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(clock->wall_now()).time_since_epoch().count();
  }

  test::temporary_folder folder;
  std::string file = folder.file("embargo_spot");
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
};

TEST_F(embargo_file, holds_until_its_end_and_no_longer) {
  auto budget = opened();
  EXPECT_EQ(budget.closed_until(), std::nullopt);
  budget.close_for(120s);
  EXPECT_EQ(budget.closed_until(), clock->boot_now() + 120s);
  clock->advance(119s);
  EXPECT_TRUE(budget.closed_until());
  clock->advance(1s);
  EXPECT_FALSE(budget.closed_until());
}

TEST_F(embargo_file, is_lengthened_but_never_shortened) {
  auto budget = opened();
  budget.close_for(120s);
  budget.close_for(10s, embargo_cause::own_share);
  EXPECT_EQ(budget.closed_until(), clock->boot_now() + 120s);
  EXPECT_EQ(budget.cause(), embargo_cause::exchange);
  budget.close_for(300s);
  EXPECT_EQ(budget.closed_until(), clock->boot_now() + 300s);
  budget.close_for(std::chrono::hours{24 * 365});
  EXPECT_EQ(budget.closed_until(), clock->boot_now() + embargo_max);
}

TEST_F(embargo_file, survives_a_restart) {
  opened().close_for(72h);
  clock->advance(71h);
  const auto budget = opened();
  ASSERT_TRUE(budget.closed_until());
  EXPECT_LE(*budget.closed_until(), clock->boot_now() + 1h + 1s);
  EXPECT_GT(*budget.closed_until(), clock->boot_now() + 1h - 2s);
  clock->advance(1h + 1s);
  EXPECT_FALSE(opened().closed_until());
}

TEST_F(embargo_file, is_private_to_its_user) {
  opened().close_for(10s);
  struct stat found {};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
}

TEST_F(embargo_file, is_never_longer_than_it_was_when_the_wall_clock_went_back) {
  opened().close_for(120s);
  clock->step_wall(-std::chrono::hours{24 * 365});
  const auto budget = opened();
  EXPECT_EQ(budget.closed_until(), clock->boot_now() + 120s);
}

TEST_F(embargo_file, is_learned_by_a_process_that_is_running) {
  auto sibling = opened();
  opened().close_for(300s, embargo_cause::own_share);
  EXPECT_FALSE(sibling.closed_until());
  sibling.look();
  ASSERT_TRUE(sibling.closed_until());
  EXPECT_EQ(sibling.cause(), embargo_cause::own_share);
}

TEST_F(embargo_file, of_a_sibling_that_is_longer_is_not_overwritten) {
  auto here = opened();
  auto taught = opened();
  opened().close_for(3600s);
  here.close_for(60s);
  taught.learn("1 0 exchange");
  const auto next = opened().closed_until();
  ASSERT_TRUE(next);
  EXPECT_GT(*next, clock->boot_now() + 3000s);
}

TEST_F(embargo_file, that_a_sibling_was_told_a_moment_later_is_obeyed_to_its_end) {
  auto first = opened();
  auto second = opened();
  clock->advance(100ms);
  first.close_for(60s);
  clock->advance(300ms);
  second.close_for(60s);
  const auto end = clock->boot_now() + 60s;
  first.look();
  ASSERT_TRUE(first.closed_until());
  EXPECT_GE(*first.closed_until(), end);
  EXPECT_LE(*first.closed_until(), end + 1s);
  EXPECT_EQ(first.closed_until(), second.closed_until());
  EXPECT_EQ(opened().closed_until(), second.closed_until());
}

TEST_F(embargo_file, travels_as_a_line_of_text) {
  auto here = opened();
  embargo there{market::spot, "", clock};
  EXPECT_EQ(here.text(), "");
  here.close_for(300s);
  there.learn(here.text());
  ASSERT_TRUE(there.closed_until());
  EXPECT_EQ(there.text(), here.text());
}

TEST_F(embargo_file, read_back_is_no_part_of_a_second_too_short) {
  clock->advance(700ms);
  const auto end = clock->boot_now() + 120s;
  opened().close_for(120s);
  for (int tenths = 0; tenths < 20; ++tenths) {
    clock->advance(100ms);
    const auto budget = opened();
    ASSERT_TRUE(budget.closed_until());
    EXPECT_GE(*budget.closed_until(), end);
    EXPECT_LE(*budget.closed_until(), end + 2s);
  }
}

TEST_F(embargo_file, nonsense_is_no_embargo) {
  const auto now = std::to_string(now_seconds());
  const auto later = std::to_string(now_seconds() + 300);
  const std::string texts[]{"", "\n", "soon", later, later + " x", later + " " + later, now + " " + later, "-5 -6",
                            "99999999999999999999 1", std::string(5000, '9'), std::string(64, '\0')};
  for (const auto& text : texts) {
    write(text);
    EXPECT_FALSE(opened().closed_until()) << text;
  }
  write(later + " " + now + " exchange\n");
  EXPECT_TRUE(opened().closed_until());
}

TEST_F(embargo_file, an_absurd_end_is_bounded) {
  write("253402300799 0 exchange\n");
  EXPECT_EQ(opened().closed_until(), clock->boot_now() + embargo_max);
}

TEST_F(embargo_file, holds_in_memory_where_there_is_no_file) {
  for (const auto& path : {std::string{}, folder.file("missing/embargo")}) {
    embargo budget{market::futures, path, clock};
    budget.close_for(10s);
    EXPECT_TRUE(budget.closed_until());
  }
}

} // namespace
} // namespace holdfast
