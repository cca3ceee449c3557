#include "tests/simulation/shared_store.hpp"

#include <algorithm>
#include <charconv>

#include "config/keys.hpp"
#include "runtime/glob.hpp"
#include "runtime/ledger_id.hpp"

namespace holdfast::simulation {

namespace {

constexpr std::size_t snapshots_max = 6;

std::int64_t magnitude(std::int64_t number) { return number < 0 ? -number : number; }

} // namespace

const shared_store::stored_text* shared_store::find(const std::string& key) {
  const auto found = here_.texts.find(key);
  if (found == here_.texts.end())
    return nullptr;
  if (!found->second.expires || *found->second.expires > now_.elapsed())
    return &found->second;
  here_.texts.erase(found);
  return nullptr;
}

answered<store_value> shared_store::read(const store_read& question) {
  store_value answer;
  if (const auto* found = find(question.key)) {
    answer.value = question.ttl_only ? std::string{} : found->text;
    if (found->expires)
      answer.ttl_left = std::chrono::ceil<std::chrono::milliseconds>(*found->expires - now_.elapsed());
  }
  return answer;
}

answered<bool> shared_store::write(const store_write& what) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  here_.texts[what.key] = {what.value, what.ttl ? std::optional{now_.elapsed() + *what.ttl} : std::nullopt};
  return true;
}

answered<bool> shared_store::erase(const store_erase& what) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  here_.texts.erase(what.key);
  return true;
}

bool shared_store::fenced_set(std::string_view key, const std::string& value, const table_order& order,
                              std::optional<std::chrono::milliseconds> ttl) {
  auto& fence = here_.texts[keys::fence(key)];
  const auto* before = ttl && fence.text == to_text(order) ? find(std::string{key}) : nullptr;
  if (before && before->expires)
    ttl = std::min(*ttl, std::chrono::ceil<std::chrono::milliseconds>(*before->expires - now_.elapsed()));
  if (bug_ != store_bug::no_fence && fence.text > to_text(order))
    return false;
  fence = {to_text(order), std::nullopt};
  here_.texts[std::string{key}] = {value, ttl ? std::optional{now_.elapsed() + *ttl} : std::nullopt};
  return true;
}

answered<bool> shared_store::write_symbols(const store_symbols& symbols) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  const auto which = symbols.which;
  if (!fenced_set(keys::symbols_full(which), symbols.full_value, symbols.order, std::nullopt))
    return unexpected{fault::fenced};
  if (symbols.order < newest_[holdfast::index(which)])
    notes_.violate("the table of " + std::string{to_string(which)} + " in the store went back to token "
                   + std::to_string(symbols.order.token));
  newest_[holdfast::index(which)] = symbols.order;
  if (symbols.ttl.count() > 0)
    fenced_set(keys::symbols_cache(which), symbols.list_value, symbols.order, symbols.ttl);
  (void)raise({std::string{keys::last_refresh(which)}, symbols.refreshed_at_seconds, {}});
  fenced_set(keys::symbols_last_good(which), symbols.list_value, symbols.order, std::nullopt);
  notes_.note("store: symbols " + std::string{to_string(which)} + " of token " + std::to_string(symbols.order.token) + '.'
              + std::to_string(symbols.order.sequence) + " written for " + std::to_string(symbols.ttl.count()) + " ms");
  announce({which, symbols.order});
  return true;
}

answered<store_merge_reply> shared_store::merge(const store_merge& batch) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  store_merge_reply reply;
  for (const auto& row : batch.rows)
    reply.verdicts.push_back(merge_one(row));
  reply.epoch = here_.epoch;
  return reply;
}

merge_verdict shared_store::merge_one(const merge_row& row) {
  const auto known = here_.records.find(row.key);
  const auto generation = known == here_.records.end() ? std::string{} : known->second.generation;
  std::string state;
  if (known != here_.records.end())
    if (const auto field = known->second.states.find(row.writer); field != known->second.states.end())
      state = field->second;
  const bool exists = here_.counters.contains(row.key);
  const bool same = generation == row.expected.generation && state == row.expected.state
                    && (!generation.empty() || exists == row.expected.counter_exists);
  if (!same && bug_ != store_bug::merges_without_comparing)
    return {merge_outcome::mismatch, {generation, state, exists}, {}};
  if (row.difference != 0)
    here_.counters[row.key] += row.difference;
  auto& record = here_.records[row.key];
  if (record.generation.empty())
    record.generation = row.new_generation;
  record.states[row.writer] = row.new_state;
  here_.index.insert(row.key);
  truth_.retired(row.writer, row.new_state);
  account(row);
  return {merge_outcome::merged, {}, {}};
}

void shared_store::account(const merge_row& row) {
  const auto opening = truth_.opening_of(row.writer);
  if (opening == 0)
    return notes_.violate("a writer that nobody opened merges: " + row.writer);
  auto& brought = here_.brought[{opening, row.key}];
  brought += row.difference;
  const auto counted = truth_.counted(opening, row.key);
  if (magnitude(brought) > magnitude(counted))
    notes_.violate("opening " + std::to_string(opening) + " counted " + std::to_string(counted) + " of " + row.key + ", the store has "
                   + std::to_string(brought) + " of it");
}

answered<store_counters_found> shared_store::read_counters(const store_read_counters& reads) {
  store_counters_found answer;
  for (const auto& one : reads.reads) {
    counter_found found;
    found.value = value(one.key);
    found.exists = found.value.has_value();
    const auto known = here_.records.find(one.key);
    if (known != here_.records.end())
      found.generation = known->second.generation;
    for (const auto& writer : one.writers) {
      const bool has = known != here_.records.end() && known->second.states.contains(writer);
      found.states.push_back(has ? known->second.states.at(writer) : std::string{});
    }
    answer.found.push_back(std::move(found));
  }
  return answer;
}

answered<store_keys> shared_store::list_counters(const store_list_counters& wanted) {
  store_keys answer;
  for (const auto& key : here_.index)
    if (here_.counters.contains(key) && glob_matches(wanted.glob, key))
      answer.keys.push_back(key);
  return answer;
}

answered<bool> shared_store::raise(const store_raise& what) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  std::int64_t stored = 0;
  auto& text = here_.texts[what.key].text;
  std::from_chars(text.data(), text.data() + text.size(), stored);
  if (stored < what.value)
    text = std::to_string(what.value);
  return true;
}

answered<lease_reply> shared_store::lease(const lease_wanted& wanted) {
  if (refuses_writes_)
    return unexpected{fault::store_refused};
  auto& held = here_.leases[wanted.name];
  const auto now = now_.elapsed();
  const bool alive = !held.holder.empty() && held.until > now;
  if (alive && held.holder != wanted.holder && bug_ != store_bug::no_lease)
    return lease_reply{false, held.token, std::chrono::ceil<std::chrono::milliseconds>(held.until - now)};
  if (!alive || held.token <= wanted.above) {
    const auto server_time = static_cast<std::uint64_t>(now_.wall().time_since_epoch().count());
    held.token = std::max({held.token + 1, server_time, wanted.above + 1});
  }
  held.holder = wanted.holder;
  held.until = now + wanted.ttl;
  return lease_reply{true, held.token, wanted.ttl};
}

answered<bool> shared_store::return_lease(const lease_returned& back) {
  auto& held = here_.leases[back.name];
  if (held.holder == back.holder) {
    held.holder.clear();
    held.until = {};
  }
  return true;
}

store_identity shared_store::identify() {
  if (here_.epoch.empty() && !refuses_writes_)
    here_.epoch = to_text(random_ledger_id());
  return {here_.epoch, run_id_, history_id_};
}

void shared_store::take_snapshot() {
  past_.push_back(here_);
  if (past_.size() > snapshots_max)
    past_.erase(past_.begin());
}

void shared_store::empty() {
  here_ = {};
  newest_ = {};
  upheaval_at_ = now_.awake();
  ++upheavals_;
}

bool shared_store::go_back(std::size_t snapshot) {
  if (past_.empty())
    return false;
  past_.resize(snapshot % past_.size() + 1);
  here_ = past_.back();
  newest_ = {};
  run_id_ = to_text(random_ledger_id());
  history_id_ = to_text(random_ledger_id());
  upheaval_at_ = now_.awake();
  ++upheavals_;
  return true;
}

std::int64_t shared_store::brought(opening_number opening, const std::string& key) const {
  const auto found = here_.brought.find({opening, key});
  return found == here_.brought.end() ? 0 : found->second;
}

std::optional<std::int64_t> shared_store::value(const std::string& key) const {
  const auto found = here_.counters.find(key);
  return found == here_.counters.end() ? std::nullopt : std::optional{found->second};
}

} // namespace holdfast::simulation
