#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <caf/send.hpp>

#include "tests/simulation/world.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;

} // namespace

options world::options_for(const state_of_machine& machine) {
  options given;
  given.store = "redis";
  given.redis_url = "redis://simulated";
  given.state_dir = machine.path;
  given.spot_urls = exchange::urls(market::spot);
  given.futures_urls = exchange::urls(market::futures);
  if (chance(3))
    given.api_key = "simulated";
  given.spot_ttl = std::chrono::seconds{20 + random_() % 30};
  given.futures_ttl = std::chrono::seconds{20 + random_() % 30};
  given.spot_warmup_interval = chance(5) ? nanoseconds{0} : nanoseconds{given.spot_ttl};
  given.futures_warmup_interval = given.futures_ttl;
  given.fetch_timeout = 4s;
  given.flush_interval = std::chrono::milliseconds{100 + 100 * (random_() % 5)};
  given.max_restarts = static_cast<std::uint32_t>(2 + random_() % 3);
  given.restart_window = 60s;
  given.history_fine = given.history_minutes = given.history_hours = 0s;
  given.ledger_capacity = 64;
  given.ledger_stripes = 8;
  return given;
}

void world::plant_in_folder(const state_of_machine& machine) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (settings_.bug == planted_bug::deleted_ledger)
    fs::remove_all(machine.path + "/ledgers", error);
  if (settings_.bug == planted_bug::forgotten_table)
    fs::remove(machine.path + "/store.sqlite", error);
}

void world::start(std::size_t at) {
  auto& slot = slots_[at];
  auto next = std::make_unique<engine_process>();
  auto& one = *next;
  one.number = one.opening = ++openings_;
  one.machine = machines_[slot.machine];
  one.disturbed_until = now_.awake();
  const bool alone = std::none_of(processes_.begin(), processes_.end(), [&](const auto& other) { return other->machine == one.machine; });
  if (alone)
    plant_in_folder(*one.machine);
  one.link = std::make_shared<link_state>();
  one.link->world = &links_;
  one.link->clock = one.machine->clock;
  one.link->process = one.number;
  engine_means means;
  means.settings = template_;
  means.settings.state_dir = one.machine->path;
  if (settings_.bug == planted_bug::endless_restarts)
    means.settings.max_restarts = 1000;
  means.clock = one.machine->clock;
  means.seed = random_();
  means.machine = one.machine->name;
  means.own_threads = false;
  means.shared_store = [link = one.link](caf::actor_system& on, const clock_ptr&, const telemetry_ptr&) { return start_link(on, link); };
  means.transfers = [this, process = &one, who = asking_engine{one.opening, one.machine->number}]() -> std::shared_ptr<http_transfer> {
    process->fetcher_starts.push_back(now_.awake());
    if (starts_fail_)
      throw std::runtime_error{"simulated crash of a start"};
    return exchange_->transfer_for(who);
  };
  notes_.note("opening " + std::to_string(one.opening) + " starts on machine " + std::to_string(one.machine->number));
  {
    const scheduler::within its_process{*turns_, one.number};
    one.parts = std::make_unique<engine_parts>(*system_, std::move(means));
  }
  truth_.opened(one.opening, one.parts->ledger);
  for (const auto which : all_markets)
    if (one.machine->has_last_good[index(which)] && !one.parts->board->current(which)->table)
      notes_.violate("opening " + std::to_string(one.opening) + " starts without a table of " + std::string{to_string(which)}
                     + ", although its folder had one");
  slot.running = one.number;
  processes_.push_back(std::move(next));
}

void world::start_missing(bool all) {
  for (std::size_t at = 0; at < slots_.size(); ++at)
    if (slots_[at].running == no_process && (all || slots_[at].start_at <= now_.awake()))
      start(at);
}

// The process is gone; its folder stays.
void world::note_end(engine_process& one) {
  truth_.ended(one.opening);
  ended_.push_back({one.opening});
  hosts_->forget(one.number);
  one.parts = nullptr;
  for (auto& slot : slots_)
    if (slot.running == one.number) {
      slot.running = no_process;
      slot.start_at = now_.awake() + random_span(100ms, 8s);
    }
  std::erase_if(processes_, [&](const auto& some) { return some.get() == &one; });
}

// kill -9.
void world::kill(engine_process& one) {
  notes_.note("opening " + std::to_string(one.opening) + " is killed");
  abandon(one.link);
  turns_->kill(one.number);
  note_end(one);
}

// What ~engine() does, without waiting.
void world::stop(engine_process& one) {
  notes_.note("opening " + std::to_string(one.opening) + " stops");
  one.stopping = true;
  hosts_->retire(one, [this, number = one.number](bool complete) { finish_stop(number, complete); });
}

void world::finish_stop(process_number number, bool complete) {
  const auto found = std::find_if(processes_.begin(), processes_.end(), [&](const auto& some) { return some->number == number; });
  if (found == processes_.end())
    return;
  notes_.note("opening " + std::to_string(number) + (complete ? " has brought everything" : " leaves something"));
  (*found)->complete = complete;
  (*found)->ends = true;
}

void world::end_stopped() {
  for (std::size_t at = 0; at < processes_.size();) {
    auto& one = *processes_[at];
    if (!one.ends) {
      ++at;
      continue;
    }
    for (const auto& actor : one.parts->in_stopping_order()) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      turns_->exhaust(one.number);
    }
    abandon(one.link);
    turns_->kill(one.number);
    if (one.complete)
      one.parts->ledger->file().remove();
    note_end(one);
  }
}

} // namespace holdfast::simulation
