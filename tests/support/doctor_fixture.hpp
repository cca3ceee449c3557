// Runs `holdfast doctor` against an exchange of its own, and looks for what it told.
#pragma once

#include <string>
#include <vector>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast::test {

struct doctor_fixture {
  static constexpr const char* ok = "ok";
  static constexpr const char* warning = "warning";
  static constexpr const char* failure = "failure";

  temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  // Of an option that is given twice the last one counts.
  std::vector<std::string> with(const std::string& verb, const std::vector<std::string>& more) const {
    std::vector<std::string> all{verb, "--state-dir=" + folder.file("state"), "--spot-urls=" + exchange.url(),
                                 "--futures-urls=" + exchange.url()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  program_result doctor(const std::vector<std::string>& more = {}) const { return run_program(with("doctor", more)); }

  static bool has(const program_result& result, const std::string& text) {
    return result.text.find(text) != std::string::npos;
  }
  // Whether there is such a finding; `seen` begins what was seen.
  static bool tells(const program_result& result, std::string level, std::string what, const std::string& seen = {}) {
    level.resize(8, ' ');
    what.resize(24, ' ');
    return has(result, level + ' ' + what + ' ' + seen);
  }
};

} // namespace holdfast::test
