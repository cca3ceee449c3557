#include "tests/simulation/journal.hpp"

#include <cstdio>

namespace holdfast::simulation {

void journal::note(std::string_view what) {
  mix(static_cast<std::uint64_t>(now_.elapsed().count()));
  for (const char c : what)
    mix(static_cast<unsigned char>(c));
  if (!violation_.empty())
    return;
  char time[32];
  std::snprintf(time, sizeof time, "%10.4f ", std::chrono::duration<double>{now_.elapsed()}.count());
  events_.push_back(time + std::string{what});
  if (!keeps_all_ && events_.size() > kept_max)
    events_.pop_front();
}

void journal::violate(std::string what) {
  if (!violation_.empty())
    return;
  note("VIOLATED: " + what);
  violation_ = std::move(what);
}

std::string journal::story() const {
  std::string text;
  for (const auto& line : events_)
    text += line + '\n';
  return text;
}

} // namespace holdfast::simulation
