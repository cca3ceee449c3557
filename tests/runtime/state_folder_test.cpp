#include "runtime/state_folder.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/sqlite_kv.hpp"
#include "runtime/sqlite_reader.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

// Nobody, for its life: root may write everywhere.
class unprivileged {
public:
  explicit unprivileged(const std::string& folder) {
    if (::geteuid() == 0)
      changed_ = ::chown(folder.c_str(), 65534, 65534) == 0 && ::seteuid(65534) == 0;
  }
  ~unprivileged() {
    if (changed_)
      (void)!::seteuid(0);
  }

private:
  bool changed_ = false;
};

unsigned mode_of(const std::string& path) {
  struct stat found {};
  ::stat(path.c_str(), &found);
  return found.st_mode & 07777u;
}

const std::vector<std::string> one_key{"holdfast:last_good:spot:v1"};

TEST(StateFolder, IsCreatedForItsOwnerAlone) {
  test::temporary_folder outer;
  const auto folder = state_folder::open(outer.file("a/b/state"));
  EXPECT_TRUE(folder.problem.empty()) << folder.problem;
  EXPECT_TRUE(folder.warning.empty()) << folder.warning;
  EXPECT_EQ(mode_of(folder.path), 0700u);
  EXPECT_EQ(folder.readable, folder.path);
}

TEST(StateFolder, ThatIsThereKeepsItsModeAndIsWarnedOf) {
  test::temporary_folder outer;
  ::chmod(outer.path().c_str(), 0755);
  const auto folder = state_folder::open(outer.path());
  EXPECT_EQ(folder.path, outer.path());
  EXPECT_NE(folder.warning.find("0755"), std::string::npos) << folder.warning;
  EXPECT_EQ(mode_of(outer.path()), 0755u);
}

TEST(StateFolder, one_that_is_read_only_keeps_nothing_but_is_read) {
  test::temporary_folder outer;
  const unprivileged self{outer.path()};
  {
    auto store = sqlite_kv::open(outer.file("store.sqlite"));
    ASSERT_TRUE(store) << store.error();
    ASSERT_TRUE((*store)->set(one_key[0], "kept", std::nullopt));
  }
  ::chmod(outer.path().c_str(), 0500);
  const auto folder = state_folder::open(outer.path());
  EXPECT_TRUE(folder.path.empty());
  EXPECT_FALSE(folder.problem.empty());
  ASSERT_EQ(folder.readable, outer.path());
  EXPECT_EQ(read_entries(outer.file("store.sqlite"), one_key).front(), "kept");
  ::chmod(outer.path().c_str(), 0700);
}

TEST(StateFolder, ThatIsNoFolderIsAProblem) {
  test::temporary_folder outer;
  std::ofstream{outer.file("state")} << "text";
  const auto folder = state_folder::open(outer.file("state"));
  EXPECT_TRUE(folder.path.empty());
  EXPECT_TRUE(folder.readable.empty());
}

TEST(SqliteReader, FindsWhatACrashedProcessLeftInTheLog) {
  test::temporary_folder outer;
  auto store = sqlite_kv::open(outer.file("store.sqlite"));
  ASSERT_TRUE(store) << store.error();
  ASSERT_TRUE((*store)->set(one_key[0], "in the log", std::nullopt));
  EXPECT_EQ(read_entries(outer.file("store.sqlite"), one_key).front(), "in the log");
}

TEST(SqliteReader, FindsNothingInWhatIsMissingOrDamagedAndChangesNothing) {
  test::temporary_folder outer;
  EXPECT_FALSE(read_entries(outer.file("none"), one_key).front());
  EXPECT_NE(::access(outer.file("none").c_str(), F_OK), 0);
  std::ofstream{outer.file("damaged")} << "this is no database at all, whatever it claims to be";
  EXPECT_FALSE(read_entries(outer.file("damaged"), one_key).front());
  EXPECT_EQ(read_entries(outer.file("damaged"), {}).size(), 0u);
}

} // namespace
} // namespace holdfast
