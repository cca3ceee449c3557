// Private to fetcher: what one URL is asked, and what is made of its answer.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "actors/fetcher.hpp"

namespace holdfast {

struct fetch_attempt {
  std::string base; // without a slash at the end
  bool with_key = false;
};

struct attempt_result {
  fetch_outcome outcome;
  bool next = false;          // try the next URL; otherwise the outcome is final
  bool retry_smaller = false; // ask the same URL for less
  std::vector<schema_unknown> unknown; // of a body that was read
};

// In their order; empty where no URL is configured.
std::vector<fetch_attempt> plan_attempts(const fetcher_state& state);

attempt_result try_url(fetcher_state& state, const fetch_attempt& how, const symbol_table_ptr& baseline,
                       std::chrono::milliseconds timeout);

// Why nobody may ask now; none: one may.
std::optional<fetch_outcome> forbidden_now(const fetcher_state& state);

} // namespace holdfast
