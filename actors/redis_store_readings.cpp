#include <algorithm>
#include <memory>
#include <span>

#include "actors/redis_store_parts.hpp"
#include "runtime/redis_remedy.hpp"

namespace holdfast::redis_store_parts {

namespace {

using kind = redis_reply::kind;
using reads_span = std::span<const counter_read>;

// One script holds the whole server up, and its answer must come within redis-command-timeout: thousands of counters are asked
// for in pieces, each after the answer to the one before. 500 counters of one writer take about 2 ms.
constexpr std::size_t words_per_piece = 2000;

struct reading_in_pieces {
  caf::typed_response_promise<store_counters_found> promise;
  store_read_counters asked;
  store_counters_found found; // of the first so many of them
};
using reading_ptr = std::shared_ptr<reading_in_pieces>;

redis_call call_for(reads_span reads) {
  std::vector<std::string> names;
  std::vector<std::string> arguments;
  for (const auto& one : reads) {
    names.push_back(one.key);
    names.push_back(keys::ledger_record(one.key));
    arguments.push_back(std::to_string(one.writers.size()));
    arguments.insert(arguments.end(), one.writers.begin(), one.writers.end());
  }
  return script(redis_script::read_counters, names, std::move(arguments));
}

// What comes next; nothing only where nothing was asked for.
reads_span next_piece(const reading_in_pieces& all) {
  const auto rest = reads_span{all.asked.reads}.subspan(all.found.found.size());
  std::size_t count = 0;
  for (std::size_t words = 0; count < rest.size(); ++count) {
    words += 3 + rest[count].writers.size();
    if (count > 0 && words > words_per_piece)
      break;
  }
  return rest.first(count);
}

std::optional<counter_found> read_found(const redis_reply& answer, std::size_t writers) {
  const auto& parts = answer.elements;
  if (parts.size() != writers + 2 || !std::all_of(parts.begin(), parts.end(), is_text_or_nil))
    return std::nullopt;
  counter_found found;
  found.exists = parts[0].what == kind::text;
  found.value = to_number<std::int64_t>(parts[0].text);
  found.generation = parts[1].text;
  for (std::size_t i = 2; i < parts.size(); ++i)
    found.states.push_back(parts[i].text);
  return found;
}

bool take_piece(reading_in_pieces& all, reads_span asked, const redis_reply& answer) {
  if (answer.what != kind::array || answer.elements.size() != asked.size())
    return false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto one = read_found(answer.elements[i], asked[i].writers.size());
    if (!one)
      return false;
    all.found.found.push_back(std::move(*one));
  }
  return true;
}

void ask_next(self_pointer self, const reading_ptr& all);

void go_on(self_pointer self, const reading_ptr& all) {
  if (all->found.found.size() < all->asked.reads.size())
    ask_next(self, all);
  else
    all->promise.deliver(std::move(all->found));
}

// One key that this user may not touch would cost all the others: it is told as one that holds no number.
void ask_one_by_one(self_pointer self, const reading_ptr& all, reads_span piece) {
  std::vector<redis_call> calls;
  for (const auto& one : piece)
    calls.push_back(call_for({&one, 1}));
  queue(self, {std::move(calls), redis_errand::free, all->asked.deadline,
               [self, all, piece](std::span<redis_reply> replies) {
                 for (std::size_t i = 0; i < piece.size(); ++i) {
                   if (replies[i].is_error())
                     all->found.found.push_back({true, {}, {}, {}});
                   else if (!take_piece(*all, piece.subspan(i, 1), replies[i]))
                     return false;
                 }
                 go_on(self, all);
                 return true;
               },
               [all](fault why, const std::string& detail) { all->promise.deliver(make_error(why, detail)); }, true});
}

void ask_next(self_pointer self, const reading_ptr& all) {
  const auto piece = next_piece(*all);
  queue(self, {{call_for(piece)}, redis_errand::free, all->asked.deadline,
               [self, all, piece](std::span<redis_reply> replies) {
                 if (!take_piece(*all, piece, replies[0]))
                   return false;
                 go_on(self, all);
                 return true;
               },
               [self, all, piece](fault why, const std::string& detail) {
                 if (piece.size() > 1 && is_about_keys(detail))
                   ask_one_by_one(self, all, piece);
                 else
                   all->promise.deliver(make_error(why, detail));
               }});
}

} // namespace

caf::typed_response_promise<store_counters_found> read_counters(self_pointer self, const store_read_counters& reads) {
  auto all = std::make_shared<reading_in_pieces>();
  all->promise = self->make_response_promise<store_counters_found>();
  all->asked = reads;
  all->found.found.reserve(reads.reads.size());
  ask_next(self, all);
  return all->promise;
}

} // namespace holdfast::redis_store_parts
