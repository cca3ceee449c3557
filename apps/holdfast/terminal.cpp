#include "apps/holdfast/terminal.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace holdfast::app {

namespace {

volatile std::sig_atomic_t told_to_end = 0;

void write_all(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int number_in_environment(const char* name) {
  const auto* text = std::getenv(name);
  return text ? std::atoi(text) : 0;
}

void handle(int number, void (*what)(int)) {
  struct sigaction action {};
  action.sa_handler = what;
  ::sigaction(number, &action, nullptr); // without SA_RESTART: poll() is to return
}

} // namespace

terminal_size size_of_terminal() {
  terminal_size size;
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0)
    return {window.ws_col, window.ws_row};
  if (const int columns = number_in_environment("COLUMNS"); columns > 0)
    size.columns = columns;
  if (const int rows = number_in_environment("LINES"); rows > 0)
    size.rows = rows;
  return size;
}

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1; }

full_screen::full_screen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  auto raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  handle(SIGWINCH, [](int) {});
  for (const int number : {SIGTERM, SIGHUP})
    handle(number, [](int) { told_to_end = 1; });
  write_all("\x1b[?1049h\x1b[?25l");
}

full_screen::~full_screen() {
  write_all("\x1b[?25h\x1b[?1049l");
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

void full_screen::show(const std::string& text) {
  std::string out = "\x1b[H";
  for (std::size_t begin = 0;;) {
    const auto end = text.find('\n', begin);
    // What was there goes first: erased behind a full line, its last character would go, too.
    out += end == std::string::npos ? "\x1b[J" : "\x1b[K";
    out.append(text, begin, end - begin);
    if (end == std::string::npos)
      break;
    out += "\r\n";
    begin = end + 1;
  }
  write_all(out);
}

int full_screen::wait_for_key(std::chrono::milliseconds at_most) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const int ready = ::poll(&input, 1, static_cast<int>(at_most.count()));
  if (told_to_end != 0)
    return 'q';
  if (ready <= 0)
    return 0;
  unsigned char key = 0;
  const auto size = ::read(STDIN_FILENO, &key, 1);
  constexpr int control_c = 3;
  return size <= 0 || key == control_c ? 'q' : key;
}

} // namespace holdfast::app
