#include "runtime/ledger_stripes.hpp"

#include <algorithm>

namespace holdfast {

constinit thread_local std::array<thread_stripe, fast_ledgers> thread_stripes{};
constinit stripe_cell dummy_cell;

namespace {

// Under ledger_mutex().
constinit std::array<ledger_stripes*, fast_ledgers> open_ledgers{};
constinit std::uint32_t openings = 0;

// A thread that was refused a stripe asks again after so many increments.
constexpr std::uint32_t refused_increments = 65536;

// Without destructors: they are still good when those of a thread's other variables run.
struct refusal {
  std::uint32_t ticket = no_ticket;
  std::uint32_t left = 0;
};
constinit thread_local std::array<refusal, fast_ledgers> refusals{};
constinit thread_local bool thread_has_ended = false;

struct thread_end {
  bool watched = false;
  ~thread_end() {
    thread_has_ended = true;
    ledger_stripes::give_back_all();
  }
};
thread_local thread_end end_of_this_thread;

std::size_t place_of(std::uint32_t ticket) noexcept { return (ticket & place_bits) / sizeof(thread_stripe); }

// The places' bits stand amid the number of the opening.
constexpr std::uint32_t low_bits = sizeof(thread_stripe);
constexpr std::uint32_t ticket_step = fast_ledgers * sizeof(thread_stripe);
std::uint32_t ticket_of(std::uint32_t opening, std::size_t place) noexcept {
  return opening / low_bits * ticket_step + static_cast<std::uint32_t>(place) * low_bits + opening % low_bits;
}

bool is_refused(std::uint32_t ticket) noexcept {
  auto& refused = refusals[place_of(ticket)];
  return refused.ticket == ticket && refused.left-- > 0;
}

} // namespace

void counter::count_slowly(counter which, std::uint64_t added, std::uint64_t subtracted) noexcept {
  if (auto* cells = ledger_stripes::take(which.ticket_)) {
    add_alone(which.cell_in(cells).added, added);
    add_alone(which.cell_in(cells).subtracted, subtracted);
    return;
  }
  if (added > 0)
    which.shared_->added.fetch_add(added, std::memory_order_relaxed);
  if (subtracted > 0)
    which.shared_->subtracted.fetch_add(subtracted, std::memory_order_relaxed);
}

ledger_stripes::ledger_stripes(ledger_memory& memory) : memory_{memory} {
  free_.reserve(memory.geometry().stripes);
  const std::lock_guard guard{ledger_mutex()};
  const auto place = std::find(open_ledgers.begin(), open_ledgers.end(), nullptr);
  // Tickets are used up after half a thousand million openings: later ledgers count in their shared stripe.
  if (place == open_ledgers.end() || openings >= no_ticket / fast_ledgers - 1)
    return;
  *place = this;
  ticket_ = ticket_of(++openings, static_cast<std::size_t>(place - open_ledgers.begin()));
}

ledger_stripes::~ledger_stripes() {
  const std::lock_guard guard{ledger_mutex()};
  forget();
}

void ledger_stripes::forget() noexcept {
  std::replace(open_ledgers.begin(), open_ledgers.end(), this, static_cast<ledger_stripes*>(nullptr));
}

void ledger_stripes::forget_all() noexcept { open_ledgers.fill(nullptr); }

counter ledger_stripes::handle(std::optional<std::uint32_t> row) const noexcept {
  return {ticket_, index_in(row), memory_.hot_shared_cells() + index_in(row)};
}

ledger_sums ledger_stripes::sums(std::optional<std::uint32_t> row) const noexcept {
  const auto index = index_in(row);
  ledger_sums sums;
  const auto add_up = [&](const stripe_cell& cell) {
    sums.added += cell.added.load(std::memory_order_relaxed);
    sums.subtracted += cell.subtracted.load(std::memory_order_relaxed);
  };
  add_up(memory_.shared_cells()[index]);
  for (std::uint32_t stripe = 0, count = used(); stripe < count; ++stripe)
    add_up(memory_.cells(stripe)[index]);
  return sums;
}

void ledger_stripes::stop() noexcept {
  {
    const std::lock_guard guard{ledger_mutex()};
    forget();
  }
  memory_.stop_counting();
}

// Under the mutex. A stripe that was used before is backed already.
std::optional<std::uint32_t> ledger_stripes::take_one() noexcept {
  if (!free_.empty()) {
    const auto stripe = free_.back();
    free_.pop_back();
    return stripe;
  }
  const auto stripe = used();
  const auto& where = memory_.geometry();
  if (stripe == where.stripes
      || back_with_storage(memory_.descriptor(), where.stripe_offset(stripe), where.stripe_bytes()) != 0)
    return std::nullopt;
  used_.store(stripe + 1, std::memory_order_release);
  return stripe;
}

stripe_cell* ledger_stripes::take(std::uint32_t ticket) noexcept {
  if (ticket == no_ticket || thread_has_ended || is_refused(ticket))
    return nullptr;
  const auto place = place_of(ticket);
  const std::lock_guard guard{ledger_mutex()};
  auto* const ledger = open_ledgers[place];
  const auto stripe = ledger && ledger->ticket_ == ticket ? ledger->take_one() : std::nullopt;
  if (!stripe) {
    refusals[place] = {ticket, refused_increments};
    return nullptr;
  }
  end_of_this_thread.watched = true;
  thread_stripes[place] = {ticket, ledger->memory_.hot_cells(*stripe)};
  return thread_stripes[place].cells;
}

void ledger_stripes::give_back_all() noexcept {
  const std::lock_guard guard{ledger_mutex()};
  for (std::size_t place = 0; place < fast_ledgers; ++place) {
    auto& mine = thread_stripes[place];
    auto* const ledger = open_ledgers[place];
    if (ledger && ledger->ticket_ == mine.ticket) {
      const auto distance = mine.cells - ledger->memory_.hot_cells(0);
      ledger->free_.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(distance) * sizeof(stripe_cell)
                                                         / ledger->memory_.geometry().stripe_bytes()));
    }
    mine = {};
  }
}

} // namespace holdfast
