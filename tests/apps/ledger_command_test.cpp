#define CAF_SUITE ledger_command

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "runtime/counter_ledger.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

struct fixture {
  test::temporary_folder folder;
  std::string ledgers = folder.file("ledgers");
  fixture() { ::setenv("HOLDFAST_STATE_DIR", folder.path().c_str(), 1); }

  test::outcome run(const std::string& arguments) {
    return test::run_shell(std::string{HOLDFAST_PROGRAM} + " ledger " + arguments);
  }

  // Seven counted, two of them taken back, four known to be in the store.
  std::shared_ptr<counter_ledger> counted() {
    auto ledger = counter_ledger::open(ledgers, 16);
    ledger->add("metrics:a:b", 7);
    ledger->add("metrics:a:b", -2);
    row_bookkeeping book;
    book.merged.added = book.sent.added = 4;
    ledger->file().set_bookkeeping(0, book);
    return ledger;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

CAF_TEST_FIXTURE_SCOPE(ledger_command_tests, fixture)

CAF_TEST(a live ledger is shown row by row and stays as it is) {
  const auto ledger = counted();
  const auto shown = run("--json");
  CAF_CHECK_EQUAL(shown.status, 0);
  CAF_CHECK(has(shown.text, "\"key\":\"metrics:a:b\",\"added\":7,\"subtracted\":2,\"acknowledged\":4"));
  CAF_CHECK(has(shown.text, "\"pending\":1,\"merged\":false"));
  CAF_CHECK(has(shown.text, "\"alive\":true"));
  CAF_CHECK(has(shown.text, "\"owner\":" + std::to_string(::getpid())));
  CAF_CHECK(has(shown.text, "\"writer\":\"" + to_text(ledger->file().writer()) + '"'));
  CAF_CHECK(has(run(ledger->file().path()).text, "(alive)"));
  CAF_CHECK(ledger->file().sums(0) == (ledger_sums{7, 2}));
}

CAF_TEST(a dead ledger is told by its lock though its process number lives) {
  const auto path = counted()->file().path();
  CAF_CHECK(has(run("--json").text, "\"alive\":false"));
  CAF_CHECK(has(run(path).text, "(gone)"));
  CAF_CHECK(std::filesystem::exists(path));
}

CAF_TEST(a file that is no sound ledger is status 1 with the reason and the others are shown) {
  const auto path = counted()->file().path();
  std::ofstream{folder.file("ledgers/broken.ledger")} << "nonsense";
  const auto all = run("");
  CAF_CHECK_EQUAL(all.status, 1);
  CAF_CHECK(has(all.text, "metrics:a:b"));
  CAF_CHECK(has(all.text, "broken.ledger: it is truncated"));
  CAF_CHECK_EQUAL(run(folder.file("nowhere")).status, 1);
  CAF_CHECK(std::filesystem::exists(folder.file("ledgers/broken.ledger")));
}

CAF_TEST_FIXTURE_SCOPE_END()
