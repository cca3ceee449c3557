#include "apps/holdfast/command.hpp"

#include <cstdio>

namespace holdfast::app {

namespace {

void say(std::string_view why) {
  std::fprintf(stderr, "holdfast: %.*s\n", static_cast<int>(why.size()), why.data());
}

} // namespace

exit_status fail(std::string_view why) {
  say(why);
  return exit_status::failed;
}

exit_status refuse_usage(std::string_view why) {
  say(why);
  return exit_status::usage;
}

} // namespace holdfast::app
