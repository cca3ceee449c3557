#include "runtime/exchange_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t unknown_max = 256;
constexpr auto smaller_for = 24h;

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void keep_for_inspection(const std::string& path, const refused_table& refused) {
  std::string text = "{\"reason\":";
  append_json_string(text, to_string(refused.verdict.reason));
  text += ",\"detail\":";
  append_json_string(text, refused.verdict.detail);
  text += ",\"table\":" + encode_symbols({refused.table, refused.source, refused.fetched_at, {}, {}}) + "}\n";
  const auto fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool whole = file >= 0 && write_all(file, text);
  if (file >= 0)
    ::close(file);
  if (!whole || std::rename(fresh.c_str(), path.c_str()) != 0) {
    ::unlink(fresh.c_str());
    logger()->warn("the refused table is not kept for inspection file={}", path);
  }
}

} // namespace

exchange_memory::exchange_memory(std::string file, clock_ptr clock, bool has_key)
  : file_{std::move(file)}, clock_{std::move(clock)} {
  facts_.has_key = has_key;
}

void exchange_memory::key_refused(std::string why, std::chrono::nanoseconds for_how_long) {
  std::lock_guard guard{mutex_};
  facts_.key_refusal = std::move(why);
  facts_.key_refused_until = clock_->boot_now() + for_how_long;
}

bool exchange_memory::key_usable() const {
  std::lock_guard guard{mutex_};
  return facts_.has_key && (!facts_.key_refused_until || clock_->boot_now() >= *facts_.key_refused_until);
}

void exchange_memory::weight_told(std::int64_t used) {
  std::lock_guard guard{mutex_};
  facts_.used_weight = used;
  facts_.weight_at = clock_->boot_now();
}

void exchange_memory::limit_told(std::int64_t limit) {
  std::lock_guard guard{mutex_};
  facts_.weight_limit = limit;
}

std::optional<std::int64_t> exchange_memory::weight_limit() const {
  std::lock_guard guard{mutex_};
  return facts_.weight_limit;
}

void exchange_memory::whole_was_too_large() {
  std::lock_guard guard{mutex_};
  smaller_until_ = clock_->boot_now() + smaller_for;
}

bool exchange_memory::asks_for_whole() const {
  std::lock_guard guard{mutex_};
  return clock_->boot_now() >= smaller_until_;
}

void exchange_memory::schema_seen(const std::vector<schema_unknown>& unknown, std::uint64_t bad_symbols) {
  std::lock_guard guard{mutex_};
  facts_.bad_symbols = bad_symbols;
  for (const auto& one : unknown) {
    const auto known = std::find_if(facts_.unknown.begin(), facts_.unknown.end(), [&](const auto& other) {
      return other.what == one.what && other.name == one.name;
    });
    if (known != facts_.unknown.end())
      ++known->count;
    else if (facts_.unknown.size() < unknown_max)
      facts_.unknown.push_back({one.what, one.name, 1});
  }
}

void exchange_memory::refused(refused_table table) {
  bool known = false;
  {
    std::lock_guard guard{mutex_};
    ++facts_.refusals;
    known = std::exchange(kept_hash_, table.table->content_hash()) == table.table->content_hash();
    facts_.refused = table;
  }
  if (!file_.empty() && !known)
    keep_for_inspection(file_, table);
}

std::optional<refused_table> exchange_memory::take_refused() {
  std::lock_guard guard{mutex_};
  return std::exchange(facts_.refused, std::nullopt);
}

exchange_facts exchange_memory::facts() const {
  std::lock_guard guard{mutex_};
  auto copy = facts_;
  copy.without_permission_sets = clock_->boot_now() < smaller_until_;
  if (copy.key_refused_until && clock_->boot_now() >= *copy.key_refused_until)
    copy.key_refused_until.reset();
  return copy;
}

} // namespace holdfast
