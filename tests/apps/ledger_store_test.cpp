// Increments belong to the store they were counted for, whoever looks into the state folder meanwhile.
#define CAF_SUITE ledger_store

#include <filesystem>
#include <string>

#include "tests/support/program_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;

CAF_TEST(a command without the url of redis leaves its increments for it) {
  if (!redis_server::installed())
    return;
  const temporary_folder folder;
  const auto state = "--state-dir=" + folder.file("state");
  redis_server redis;
  const auto url = "--redis-url=" + redis.url();
  redis.freeze();
  CAF_CHECK_EQUAL(run_program({"incr", "metrics:a:b", "7", state, url}).status, 0);
  CAF_CHECK_EQUAL(run_program({"get", "metrics:a:b", state}).text, "0\n");
  CAF_CHECK_EQUAL(run_program({"counters", state}).status, 0);
  CAF_CHECK(run_program({"ledger", state}).text.find("for " + redis.url()) != std::string::npos);
  redis.thaw();
  CAF_CHECK_EQUAL(run_program({"get", "metrics:a:b", state, url}).text, "7\n");
  CAF_CHECK_EQUAL(run_program({"get", "metrics:a:b", state}).text, "0\n");
}
