#include "runtime/ledger_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "runtime/ledger_image.hpp"
#include "runtime/ledger_memory.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace fs = std::filesystem;

namespace {

// Making a ledger takes milliseconds: what is this old was left behind.
constexpr std::int64_t unfinished_after_seconds = 60;
constexpr std::size_t remembered_max = 1000;

std::vector<std::string> list_files(const std::string& folder, std::string_view extension) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->path().extension() == extension)
      paths.push_back(at->path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

void remove_unfinished(const std::string& folder, std::int64_t now_seconds) {
  for (const auto& path : list_files(folder, ".new")) {
    ledger_memory file{{}};
    struct stat facts {};
    if (file.open(path, O_RDWR) && ::flock(file.descriptor(), LOCK_EX | LOCK_NB) == 0
        && ::fstat(file.descriptor(), &facts) == 0 && now_seconds - facts.st_mtime > unfinished_after_seconds) {
      std::error_code error;
      fs::remove(path, error);
    }
  }
}

// A file that can be neither adopted nor moved is found again every time.
bool is_said_already(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error))
    return false;
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard guard{mutex};
  return said.size() >= remembered_max || !said.insert(path).second;
}

} // namespace

std::vector<std::string> list_ledgers(const std::string& folder) { return list_files(folder, ".ledger"); }

bool set_ledger_aside(const std::string& path) {
  const auto folder = fs::path{path}.parent_path() / "set-aside";
  const auto name = fs::path{path}.filename().string();
  std::error_code error;
  fs::create_directory(folder, error);
  auto target = folder / name;
  for (int copy = 1; fs::exists(target, error); ++copy)
    target = folder / (name + '.' + std::to_string(copy));
  fs::rename(path, target, error);
  return !error;
}

std::vector<std::unique_ptr<ledger_file>> adopt_ledgers(const std::string& folder, std::uint64_t& set_aside,
                                                        std::int64_t now_seconds, std::size_t at_most, std::string_view store) {
  using kind = ledger_refusal::kind;
  remove_unfinished(folder, now_seconds);
  std::vector<std::unique_ptr<ledger_file>> adopted;
  for (const auto& path : list_ledgers(folder)) {
    if (adopted.size() >= at_most)
      break;
    auto file = ledger_file::adopt(path, now_seconds, store);
    if (file) {
      adopted.push_back(std::move(*file));
      continue;
    }
    const auto& why = file.error();
    if (why.what == kind::in_use || is_said_already(path))
      continue;
    if (why.what == kind::of_another_store) {
      logger()->warn("ledger waits for the store that it counts for file={} store={}", log_value(path), log_value(why.detail));
    } else if (why.what == kind::unreadable) {
      logger()->warn("ledger cannot be adopted file={} reason={}", log_value(path), log_value(why.detail));
    } else {
      ++set_aside;
      logger()->warn("ledger set aside, kept in the folder set-aside file={} reason={}", log_value(path), log_value(why.detail));
    }
  }
  return adopted;
}

} // namespace holdfast
