#include "runtime/ledger_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "runtime/log.hpp"

namespace holdfast {

namespace fs = std::filesystem;

std::vector<std::string> list_ledgers(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".ledger")
      paths.push_back(at->path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::unique_ptr<ledger_file>> adopt_ledgers(const std::string& folder, std::uint64_t& damaged) {
  std::vector<std::unique_ptr<ledger_file>> adopted;
  for (const auto& path : list_ledgers(folder)) {
    auto file = ledger_file::adopt(path);
    if (file) {
      adopted.push_back(std::move(*file));
      continue;
    }
    if (file.error().what != ledger_refusal::kind::damaged)
      continue;
    ++damaged;
    std::error_code error;
    const auto aside = fs::path{folder} / "set-aside";
    fs::create_directory(aside, error);
    fs::rename(path, aside / fs::path{path}.filename(), error);
    logger()->warn("ledger set aside, it cannot be trusted: {}", file.error().detail);
  }
  return adopted;
}

} // namespace holdfast
