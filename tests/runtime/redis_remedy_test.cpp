#include "runtime/redis_remedy.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(redis_remedy, what_only_this_question_is_to_blame_for_is_refused) {
  for (const char* text : {"WRONGTYPE Operation against a key holding the wrong kind of value",
                           "ERR value is not an integer or out of range", "NOPERM this user has no permissions",
                           "ERR unknown command", "BUSYGROUP Consumer Group name already exists", "nonsense", ""})
    EXPECT_EQ(remedy_of(text), redis_remedy::refuse) << text;
}

TEST(redis_remedy, a_full_server_or_one_that_cannot_save_gets_no_writes_for_a_while) {
  EXPECT_EQ(remedy_of("OOM command not allowed when used memory > 'maxmemory'."), redis_remedy::pause_writes);
  EXPECT_EQ(remedy_of("MISCONF Redis is configured to save RDB snapshots"), redis_remedy::pause_writes);
}

TEST(redis_remedy, a_server_that_is_no_primary_any_more_is_looked_up_anew) {
  EXPECT_EQ(remedy_of("READONLY You can't write against a read only replica."), redis_remedy::fail_over);
  EXPECT_EQ(remedy_of("NOREPLICAS Not enough good replicas to write."), redis_remedy::fail_over);
}

TEST(redis_remedy, a_server_that_cannot_answer_now_is_connected_to_later) {
  for (const char* text : {"LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down",
                           "CLUSTERDOWN The cluster is down", "BUSY Redis is busy running a script.",
                           "ERR max number of clients reached", "TRYAGAIN Multiple keys request", "UNKILLABLE Sorry"})
    EXPECT_EQ(remedy_of(text), redis_remedy::reconnect) << text;
}

TEST(redis_remedy, what_only_people_can_mend_is_given_up) {
  for (const char* text : {"NOAUTH Authentication required.", "WRONGPASS invalid username-password pair",
                           "ERR AUTH <password> called without any password configured for the default user.",
                           "ERR Client sent AUTH, but no password is set", "ERR invalid password"})
    EXPECT_EQ(remedy_of(text), redis_remedy::give_up) << text;
}

TEST(redis_remedy, a_user_may_lack_some_keys_or_a_whole_command) {
  EXPECT_TRUE(is_about_keys("NOPERM this user has no permissions to access one of the keys used as arguments"));
  EXPECT_FALSE(is_about_keys("NOPERM this user has no permissions to run the 'evalsha' command"));
  EXPECT_FALSE(is_about_keys("WRONGTYPE Operation against keys of"));
}

TEST(redis_remedy, an_unknown_script_is_sent_as_text) {
  EXPECT_EQ(remedy_of("NOSCRIPT No matching script."), redis_remedy::send_text);
}

} // namespace
} // namespace holdfast
