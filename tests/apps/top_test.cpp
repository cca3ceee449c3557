#define CAF_SUITE top

#include <algorithm>
#include <sstream>
#include <string>

#include "apps/holdfast/simulated_exchange.hpp"
#include "apps/holdfast/terminal_text.hpp"
#include "apps/holdfast/top_screen.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"
#include "tests/support/terminal_process.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using test::wait_until;

namespace {

const std::string full_screen_begins = "\x1b[?1049h";
const std::string full_screen_ends = "\x1b[?25h\x1b[?1049l";

// What was drawn last as a whole, without sequences for the terminal.
std::string last_frame(const std::string& shown) {
  const std::string home = "\x1b[H";
  const auto ends = shown.find(full_screen_ends);
  const auto end = ends == std::string::npos ? shown.rfind(home) : ends;
  const auto begin = end == std::string::npos || end == 0 ? std::string::npos : shown.rfind(home, end - 1);
  if (begin == std::string::npos)
    return {};
  std::string text;
  for (auto at = begin; at < end;) {
    if (shown.compare(at, 2, "\x1b[") == 0)
      at = std::min(shown.find_first_of("HKJhlm", at), end - 1) + 1;
    else
      text += shown[at++];
  }
  return text;
}

struct frame {
  std::size_t rows = 0;
  std::size_t columns = 0;
};

frame size_of(const std::string& text) {
  std::istringstream lines{text};
  frame size;
  for (std::string line; std::getline(lines, line); ++size.rows) {
    std::erase(line, '\r');
    size.columns = std::max(size.columns, line.size());
  }
  return size;
}

std::string cut(const std::string& text, int columns) {
  return std::string{app::beginning_of(text, columns)};
}

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  std::string state = "--state-dir=" + folder.file("state");
  test::program_process serve{{"serve", "--http=off", state, "--log-level=off", "--spot-urls=" + exchange.url(),
                               "--futures-urls=" + exchange.url()}};

  fixture() {
    CAF_REQUIRE(wait_until([&] { return test::run_program({"top", "--once", state}).status == 0; }));
  }
  // Begun, and drawn at least once.
  void begin(test::terminal_process& top) const { CAF_REQUIRE(shows(top, "MARKET")); }
  static bool shows(test::terminal_process& top, const std::string& text) {
    return wait_until([&] { return last_frame(top.shown()).find(text) != std::string::npos; });
  }
  static bool ends(test::terminal_process& top, std::chrono::seconds at_most = std::chrono::seconds{20}) {
    return wait_until([&] { return top.shown(), top.has_ended(); }, at_most);
  }
  static bool gave_the_terminal_back(test::terminal_process& top) {
    return top.shown().find(full_screen_begins) != std::string::npos && top.shown().ends_with(full_screen_ends)
           && top.is_given_back();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(top_tests, fixture)

CAF_TEST(live top fills its terminal and follows its size and gives it back on q) {
  test::terminal_process top{HOLDFAST_PROGRAM, {"top", state}, 100, 30};
  begin(top);
  CAF_CHECK(!top.is_given_back());
  CAF_CHECK(shows(top, "spot     fresh"));
  CAF_CHECK(shows(top, "metrics:cache_hit:symbols_spot"));
  CAF_CHECK(shows(top, "q quits"));
  const auto whole = size_of(last_frame(top.shown()));
  CAF_CHECK_EQUAL(whole.rows <= 30 && whole.rows > 10, true);
  CAF_CHECK_EQUAL(whole.columns <= 100 && whole.columns > 60, true);
  top.resize(30, 6);
  CAF_CHECK(wait_until([&] {
    const auto small = size_of(last_frame(top.shown()));
    return small.rows == 6 && small.columns == 30;
  }));
  CAF_CHECK(shows(top, "q quits"));
  top.resize(1, 1);
  CAF_CHECK(wait_until([&] { return last_frame(top.shown()) == "q"; }));
  top.resize(120, 40);
  CAF_CHECK(shows(top, "LAST ERROR"));
  CAF_CHECK(top.type("x")); // no key of ours
  CAF_CHECK(top.type("q"));
  CAF_CHECK(ends(top));
  CAF_CHECK_EQUAL(top.wait(), 0);
  CAF_CHECK(gave_the_terminal_back(top));
}

CAF_TEST(live top gives the terminal back on control and c and when it is told to end) {
  test::terminal_process typed{HOLDFAST_PROGRAM, {"top", state}, 80, 24};
  begin(typed);
  CAF_CHECK(typed.type("\x03"));
  CAF_CHECK(ends(typed));
  CAF_CHECK_EQUAL(typed.wait(), 0);
  CAF_CHECK(gave_the_terminal_back(typed));
  test::terminal_process told{HOLDFAST_PROGRAM, {"top", state}, 80, 24};
  begin(told);
  told.send(SIGTERM);
  CAF_CHECK(ends(told));
  CAF_CHECK(gave_the_terminal_back(told));
}

CAF_TEST(a serve that hangs is told and keeps neither keys nor a new size waiting) {
  test::terminal_process top{HOLDFAST_PROGRAM, {"top", state}, 80, 24};
  begin(top);
  serve.freeze();
  CAF_CHECK(shows(top, "NO ANSWER from serve"));
  top.resize(50, 6);
  CAF_CHECK(wait_until([&] { return size_of(last_frame(top.shown())).rows == 6; }));
  serve.send(SIGCONT);
  CAF_CHECK(wait_until([&] { return last_frame(top.shown()).find("NO ANSWER") == std::string::npos; }));
  serve.freeze();
  CAF_CHECK(shows(top, "NO ANSWER from serve"));
  CAF_CHECK(top.type("q"));
  CAF_CHECK(ends(top, std::chrono::seconds{2})); // a question is given up after three
  CAF_CHECK_EQUAL(top.wait(), 0);
  CAF_CHECK(gave_the_terminal_back(top));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(characters take the columns that a terminal gives them) {
  CAF_CHECK_EQUAL(app::columns_of(U'a'), 1);
  CAF_CHECK_EQUAL(app::columns_of(U'é'), 1);
  CAF_CHECK_EQUAL(app::columns_of(U'█'), 1);
  CAF_CHECK_EQUAL(app::columns_of(U'币'), 2);
  CAF_CHECK_EQUAL(app::columns_of(U'한'), 2);
  CAF_CHECK_EQUAL(app::columns_of(U'Ａ'), 2);
  CAF_CHECK_EQUAL(app::columns_of(U'🚀'), 2);
  CAF_CHECK_EQUAL(app::columns_of(U'\u0301'), 0);
  CAF_CHECK_EQUAL(cut("a币安", 3), "a币");
  CAF_CHECK_EQUAL(cut("a币安", 4), "a币");
  CAF_CHECK_EQUAL(cut("a币安", 5), "a币安");
  CAF_CHECK_EQUAL(cut("e\u0301x", 1), "e\u0301");
  CAF_CHECK_EQUAL(cut("abc", 0), "");
}

CAF_TEST(nothing that came from outside steers the terminal or widens a line) {
  const std::string status = R"({"version":"1\u001b[31m","markets":{"spot":{"stale":true,"source":"\u009b2J"}},
    "fetchers":{"spot":{"state":"down","circuit":"open","last_error":"\u009b2J币安人生币安人生币安人生币安人生币安人生"}},
    "store":{"kind":"redis\u0007","up":false,"last_error":"\u0085\u001b]0;title\u0007"},"ledger":{},
    "events":[{"kind":"stale\u001b[H","subject":"spot\u009b1m","detail":"\u0090x","count":3,"last":1}]})";
  const auto now =
      app::read_sample(status, "{\"metrics:a:\\u009b\":5,\"metrics:b:\x9b\":6,\"metrics:c:币安人生币安人生\":7}",
                       std::chrono::seconds{3});
  CAF_REQUIRE(now);
  for (const int columns : {1, 20, 41, 60, 100}) {
    const auto screen = app::draw_top(*now, nullptr, {columns, 40}, false);
    CAF_CHECK(screen.find_first_of("\x1b\x07\x90") == std::string::npos);
    for (const auto* control : {"\xc2\x9b", "\xc2\x85", "\xc2\x90", "\x9b"})
      CAF_CHECK(std::string_view{screen}.find(control) == std::string::npos);
    std::istringstream lines{screen};
    for (std::string line; std::getline(lines, line);)
      CAF_CHECK_EQUAL(cut(line, columns), line);
  }
  CAF_CHECK(app::draw_top(*now, nullptr, {120, 40}, false).find("\\xc2\\x9b2J币安人生") != std::string::npos);
}
