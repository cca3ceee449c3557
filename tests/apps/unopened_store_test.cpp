// The embedded store's database cannot be opened: what is counted meanwhile is in it once it can.
#define CAF_SUITE unopened_store

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct fixture {
  test::temporary_folder folder;
  std::string state = folder.file("state");
  std::string database = state + "/store.sqlite";

  fixture() { std::filesystem::create_directories(database); } // a folder where the database should be

  // As a disk that is free again.
  void mend() const { std::filesystem::remove(database); }
  test::program_result run(std::vector<std::string> words) const {
    words.push_back("--state-dir=" + state);
    return test::run_program(std::move(words));
  }
  std::size_t ledgers() const {
    std::size_t count = 0;
    for (const auto& one : std::filesystem::directory_iterator{state + "/ledgers"})
      count += one.path().extension() == ".ledger" ? 1 : 0;
    return count;
  }
};

const std::string key = "metrics:a:b";

} // namespace

CAF_TEST_FIXTURE_SCOPE(unopened_store_tests, fixture)

CAF_TEST(increments of a process that has ended wait for it in their ledger) {
  CAF_CHECK_EQUAL(run({"incr", key, "5"}).status, 0);
  for (const std::vector<std::string>& look : {std::vector<std::string>{"get", key}, {"counters"}, {"features"}}) {
    const auto result = run(look);
    CAF_CHECK_EQUAL(result.status, 1);
    CAF_CHECK(result.text.find("the store cannot be reached") != std::string::npos);
    CAF_CHECK_EQUAL(std::count(result.text.begin(), result.text.end(), '\n'), 1);
  }
  CAF_CHECK(ledgers() >= 1u); // who looked has one, too, where he counted anything
  mend();
  CAF_CHECK_EQUAL(run({"get", key}).text, "5\n");
  CAF_CHECK_EQUAL(ledgers(), 0u);
}

CAF_TEST(where the state folder is none nothing is known and nothing is answered) {
  const auto file = folder.file("file");
  std::ofstream{file} << "text";
  for (const auto& bad : {file, file + "/below", std::string{"/proc/holdfast"}})
    for (const std::vector<std::string>& look : {std::vector<std::string>{"get", key}, {"counters"}, {"features"}, {"history", key}, {"incr", key}}) {
      auto words = look;
      words.push_back("--state-dir=" + bad);
      const auto result = test::run_program(std::move(words));
      CAF_CHECK_EQUAL(result.status, 1);
      CAF_CHECK_EQUAL(std::count(result.text.begin(), result.text.end(), '\n'), 1);
      CAF_CHECK(result.text.find("state folder") != std::string::npos);
    }
}

CAF_TEST(a serve that was stopped meanwhile leaves its ledger) {
  test::program_process serve{{"serve", "--simulate", "--http=off", "--state-dir=" + state}};
  serve.read_until("holdfast: serving");
  CAF_CHECK_EQUAL(run({"incr", key, "41"}).status, 0);
  serve.send(SIGTERM);
  CAF_CHECK_EQUAL(serve.wait(), 0);
  CAF_CHECK(ledgers() >= 1u);
  mend();
  CAF_CHECK_EQUAL(run({"get", key}).text, "41\n");
}

CAF_TEST(a serve brings them within seconds of its opening and without a restart) {
  test::program_process serve{{"serve", "--simulate", "--http=off", "--state-dir=" + state}};
  serve.read_until("holdfast: serving");
  CAF_CHECK_EQUAL(run({"incr", key, "3"}).status, 0);
  CAF_CHECK_EQUAL(run({"get", key}).status, 1);
  mend();
  CAF_CHECK(wait_until([&] { return run({"get", key}).text == "3\n"; }));
  serve.send(SIGTERM);
  CAF_CHECK_EQUAL(serve.wait(), 0);
  CAF_CHECK_EQUAL(run({"get", key}).text, "3\n");
}

// A disk of its own needs a namespace of its own, which not every machine gives.
CAF_TEST(a disk that is full takes no ledger away and gives everything once it is free) {
  const auto script = folder.file("full_disk");
  std::ofstream{script} << R"(
    mount -t tmpfs -o size=1m none "$1" || exit 77
    disk=$1/state; holdfast=$2
    "$holdfast" incr metrics:a:b 7 --state-dir="$disk" || exit 1
    head -c 2m /dev/zero > "$1/filler" 2>/dev/null
    "$holdfast" get metrics:a:b --state-dir="$disk" && echo answered while full
    ls "$disk"/ledgers/*.ledger > /dev/null && echo kept
    "$holdfast" doctor --state-dir="$disk" --spot-urls=http://127.0.0.1:1 --futures-urls=http://127.0.0.1:1
    rm "$1/filler"
    "$holdfast" get metrics:a:b --state-dir="$disk" | sed 's/^/free: /'
  )";
  const auto disk = folder.file("disk");
  std::filesystem::create_directory(disk);
  const auto result = test::run_shell("unshare --user --map-root-user --mount sh " + script + ' ' + disk + " " HOLDFAST_PROGRAM);
  if (result.text.find("free:") == std::string::npos && (result.status == 77 || result.text.find("unshare") != std::string::npos))
    return;
  CAF_CHECK(result.text.find("answered while full") == std::string::npos);
  CAF_CHECK(result.text.find("kept\n") != std::string::npos);
  CAF_CHECK(std::regex_search(result.text, std::regex{"failure +state folder .* 0 MiB free"}));
  CAF_CHECK(result.text.find("-> make room: ledgers and lists cannot be kept on a full disk") != std::string::npos);
  CAF_CHECK(result.text.find("free: 7\n") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
