#include "runtime/exchange_memory.hpp"

#include <algorithm>
#include <utility>

#include "runtime/gate_acceptance.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"
#include "runtime/whole_file.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t unknown_max = 256;
constexpr auto smaller_at_first = 10min; // one mirror may have answered something else
constexpr auto smaller_for = 24h;
constexpr auto again_within = 24h;
constexpr auto ahead_max = 60s; // of an exchange's clock, before ours
constexpr std::size_t accepted_bytes_max = 64u << 10;

std::int64_t wall_ms(const clock_source& clock) {
  return std::chrono::floor<std::chrono::milliseconds>(clock.wall_now()).time_since_epoch().count();
}

// One mirror whose clock is a day ahead must not make every true list of that day one from the past.
bool is_ahead(std::int64_t server_time_ms, const clock_source& clock) {
  return server_time_ms > wall_ms(clock) + std::chrono::milliseconds{ahead_max}.count();
}

void keep_for_inspection(const std::string& path, const refused_table& refused) {
  std::string text = "{\"reason\":";
  append_json_string(text, to_string(refused.verdict.reason));
  text += ",\"detail\":";
  append_json_string(text, refused.verdict.detail);
  const auto table = encode_symbols({refused.table, refused.source, refused.fetched_at, {}, {}});
  text += ",\"table\":" + (table.empty() ? "null" : table) + "}\n";
  if (!replace_file(path, text))
    logger()->warn("the refused table is not kept for inspection file={}", log_value(path));
}

} // namespace

exchange_memory::exchange_memory(std::string file, clock_ptr clock, bool has_key, std::string accepted_file)
  : file_{std::move(file)}, accepted_file_{std::move(accepted_file)}, clock_{std::move(clock)},
    accepted_{std::make_unique<gate_acceptance>()} {
  facts_.has_key = has_key;
}

exchange_memory::~exchange_memory() = default;

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
  const auto now = clock_->boot_now();
  if (smaller_until_ && now < *smaller_until_)
    return; // a question that was under way
  const bool again = smaller_until_ && now < *smaller_until_ + again_within;
  smaller_until_ = now + (again ? std::chrono::nanoseconds{smaller_for} : std::chrono::nanoseconds{smaller_at_first});
}

bool exchange_memory::asks_for_whole() const {
  std::lock_guard guard{mutex_};
  return !smaller_until_ || clock_->boot_now() >= *smaller_until_;
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
    const std::pair now{table.table->content_hash(), table.verdict.reason};
    known = std::exchange(kept_, now) == now;
    facts_.refused = table;
  }
  if (!file_.empty() && !known)
    keep_for_inspection(file_, table);
}

std::optional<refused_table> exchange_memory::take_refused() {
  std::lock_guard guard{mutex_};
  return std::exchange(facts_.refused, std::nullopt);
}

void exchange_memory::accepted(const refused_table& table, const std::vector<std::string>& pinned) {
  std::lock_guard guard{mutex_};
  facts_.refused.reset();
  look_at_accepted();
  accepted_->let_go(pinned, *table.table);
  if (const auto time = table.table->server_time_ms(); time > 0 && time < newest_time_ms_) {
    accepted_->time_before_ms = std::max(accepted_->time_before_ms, newest_time_ms_);
    accepted_->time_ms = newest_time_ms_ = time;
  }
  keep_accepted();
}

gate_settings exchange_memory::gate_for(gate_settings wanted, const symbol_table* baseline) {
  std::lock_guard guard{mutex_};
  look_at_accepted();
  std::erase_if(wanted.pinned, [&](const auto& name) {
    return std::find(accepted_->pins.begin(), accepted_->pins.end(), name) != accepted_->pins.end();
  });
  const auto time = baseline ? baseline->server_time_ms() : 0;
  // The same table may hang on for as long as its clock was ahead.
  if (!accepted_->was_wrong(time) && !is_ahead(time, *clock_))
    newest_time_ms_ = std::max(newest_time_ms_, time);
  wanted.server_time_min_ms = newest_time_ms_;
  return wanted;
}

void exchange_memory::believed(const symbol_table& table) {
  std::lock_guard guard{mutex_};
  const auto time = table.server_time_ms();
  newest_time_ms_ = std::max(newest_time_ms_, is_ahead(time, *clock_) ? wall_ms(*clock_) : time);
  if (accepted_->demand_again(table))
    keep_accepted();
}

// A sibling on the folder may have an operator of its own.
void exchange_memory::look_at_accepted() {
  if (accepted_file_.empty())
    return;
  auto found = read_acceptance(read_beginning(accepted_file_, accepted_bytes_max));
  if (!found || *found == *accepted_)
    return;
  *accepted_ = std::move(*found);
  if (accepted_->was_wrong(newest_time_ms_))
    newest_time_ms_ = accepted_->time_ms;
}

void exchange_memory::keep_accepted() {
  if (!accepted_file_.empty() && !replace_file(accepted_file_, write_acceptance(*accepted_)))
    logger()->warn("what an operator accepted is not kept for the next start file={}", log_value(accepted_file_));
}

exchange_facts exchange_memory::facts() const {
  std::lock_guard guard{mutex_};
  auto copy = facts_;
  copy.without_permission_sets = smaller_until_ && clock_->boot_now() < *smaller_until_;
  if (copy.key_refused_until && clock_->boot_now() >= *copy.key_refused_until)
    copy.key_refused_until.reset();
  return copy;
}

} // namespace holdfast
