#include "config/history_limits.hpp"

namespace holdfast {

history_limits history_limits_of(const options& settings) {
  using std::chrono::floor;
  using std::chrono::seconds;
  return {floor<seconds>(settings.history_fine), floor<seconds>(settings.history_minutes),
          floor<seconds>(settings.history_hours)};
}

} // namespace holdfast
