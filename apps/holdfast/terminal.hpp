// The terminal, for a command that fills it: its size, its keys, and the state it had before.
//
// Errors  standard output that is no terminal has 80 columns and 24 rows, or what COLUMNS and LINES tell.
#pragma once

#include <chrono>
#include <string>

#include <termios.h>

namespace holdfast::app {

struct terminal_size {
  int columns = 80;
  int rows = 24;
  bool operator==(const terminal_size&) const = default;
};

terminal_size size_of_terminal();
bool is_terminal();

// From construction on the whole screen is ours and keys arrive one by one; the destructor gives everything back.
class full_screen {
public:
  full_screen();
  ~full_screen();
  full_screen(const full_screen&) = delete;
  full_screen& operator=(const full_screen&) = delete;

  // Replaces what is shown. Pre: no more lines than rows.
  void show(const std::string& text);
  // The key pressed; 0 after so long, or as soon as the size of the terminal has changed; 'q' where the terminal is gone or
  // the process is told to end.
  int wait_for_key(std::chrono::milliseconds at_most);

private:
  termios before_{};
};

} // namespace holdfast::app
