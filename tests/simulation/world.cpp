#include "tests/simulation/world.hpp"

#include <algorithm>
#include <filesystem>

#include <caf/atom.hpp>

#include "tests/simulation/entropy.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;

// Between the answer of the exchange and its publication, and the skew that processes allow each other.
constexpr auto age_slack = 8s;

engine_config& for_simulation(engine_config& config) {
  config.set("logger.file-verbosity", caf::atom("quiet"));
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("logger.inline-output", true);
  return config;
}

} // namespace

world::world(const run_settings& settings, std::string folder)
  : settings_{settings},
    folder_{std::move(folder)},
    random_{settings.seed},
    notes_{now_, settings.keeps_story},
    system_{std::make_unique<caf::actor_system>(for_simulation(config_))},
    turns_{std::make_unique<scheduler>(*system_, now_, notes_, random_)},
    truth_{notes_},
    store_{now_, notes_, truth_},
    links_{store_, now_, notes_, random_, true, false, false, link_bug::none, {}},
    exchange_{std::make_unique<exchange>(now_, notes_, random_, *turns_)},
    hosts_{std::make_unique<hosts>(*system_, *turns_, now_, notes_, random_, *exchange_, store_, truth_)} {
  // Each run has troubles of its own choice: what is rare among all of them is frequent in some runs.
  for (auto& one : enabled_)
    one = chance(2);
  store_.announce = [this](const symbols_announced& news) {
    for (const auto& one : processes_)
      tell(one->link, news);
  };
  if (settings_.bug == planted_bug::missing_fence)
    store_.plant(store_bug::no_fence);
  if (settings_.bug == planted_bug::double_counting)
    store_.plant(store_bug::merges_without_comparing);
  if (settings_.bug == planted_bug::lost_resend)
    links_.bug = link_bug::claims_merged;
  if (settings_.bug == planted_bug::wrong_caller)
    links_.bug = link_bug::mixes_replies;
  hosts_->forget_deadlines(settings_.bug == planted_bug::no_deadline);
  exchange_->set_hiding_bans(settings_.bug == planted_bug::ignored_embargo);
  const auto machines = 1 + random_() % 3;
  for (std::uint32_t number = 1; number <= machines; ++number) {
    auto machine = std::make_shared<state_of_machine>();
    machine->number = number;
    machine->path = folder_ + "/machine" + std::to_string(number);
    const bool shared = number > 1 && chance(4);
    machine->name = shared ? machines_.back()->name : "machine" + std::to_string(number);
    const auto boot_origin = random_span(100h, 5000h);
    const std::chrono::microseconds wall_error{static_cast<std::int64_t>(random_() % 1'000'000)};
    machine->clock = shared ? machines_.back()->clock
                            : std::make_shared<process_clock>(now_, boot_origin, wall_error,
                                                              settings_.bug == planted_bug::frozen_freshness);
    std::filesystem::create_directories(machine->path);
    machines_.push_back(std::move(machine));
  }
  for (std::size_t slots = std::max<std::size_t>(machines, 1 + random_() % 4), i = 0; i < slots; ++i)
    slots_.push_back({i % machines, no_process, random_span(0s, 3s)});
  template_ = options_for(*machines_.front());
}

world::~world() {
  while (!processes_.empty())
    kill(*processes_.back());
  hosts_ = nullptr;
  exchange_ = nullptr;
  turns_->kill(no_process);
}

nanoseconds world::random_span(nanoseconds least, nanoseconds most) {
  return least + nanoseconds{static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>((most - least).count() + 1))};
}

engine_process* world::somebody() {
  std::vector<engine_process*> running;
  for (const auto& one : processes_)
    if (!one->stopping)
      running.push_back(one.get());
  return running.empty() ? nullptr : running[random_() % running.size()];
}

run_result world::run() {
  for (int at = 0; at < settings_.steps && notes_.violation().empty(); ++at)
    step();
  if (notes_.violation().empty())
    settle();
  return {notes_.violation(), notes_.story(), notes_.hash(), turns_->turns(), now_.elapsed(), exchange_->calls()};
}

void world::step() {
  start_missing(false);
  turns_->run_for(chance(12) ? random_span(1s, 15s) : random_span(0s, 600ms));
  end_stopped();
  if (chance(3))
    cause_trouble();
  if (chance(40))
    exchange_->list_anew(chance(2) ? market::spot : market::futures);
  if (chance(15))
    store_.take_snapshot();
  if (auto* one = somebody(); one && !turns_->paused(one->number))
    hosts_->act(*one);
  if (settings_.bug == planted_bug::version_back)
    hang_older_table();
  check();
}

void world::hang_older_table() {
  auto* one = somebody();
  const auto shown = one ? one->parts->board->current(market::spot) : nullptr;
  if (!shown || shown->version < 3 || !chance(5))
    return;
  auto older = *shown;
  --older.version;
  one->parts->board->publish(market::spot, older);
}

void world::check() {
  if (!notes_.violation().empty())
    return;
  for (const auto& one : processes_) {
    for (const auto which : all_markets)
      check_board(*one, which);
    check_starts(*one);
  }
  for (auto& one : ended_)
    if (one.file_gone_at < 0s && !std::filesystem::exists(truth_.ledger_path(one.opening)))
      one.file_gone_at = now_.awake();
  hosts_->check_waiting(processes_);
}

void world::check_board(engine_process& one, market which) {
  const auto shown = one.parts->board->current(which);
  auto& seen = one.boards[index(which)];
  const auto who = "opening " + std::to_string(one.opening) + ": the board of " + std::string{to_string(which)};
  if (!shown->table) {
    if (seen.had_table)
      notes_.violate(who + " had a table and has none");
    return;
  }
  if (!seen.had_table)
    seen.table_since = now_.awake();
  seen.had_table = true;
  if (!turns_->paused(one.number) && now_.awake() - seen.table_since > 2s)
    one.machine->has_last_good[index(which)] = true;
  if (shown->version < seen.version)
    notes_.violate(who + " went back from version " + std::to_string(seen.version) + " to " + std::to_string(shown->version));
  seen.version = shown->version;
  const auto now = one.parts->clock->boot_now();
  if (!shown->fresh(now))
    return;
  hosts_->check_fresh(one, which, *shown->table, who + " is fresh");
  const auto revision = exchange_->revision_of(which, *shown->table).value_or(0);
  const auto age = shown->age(now);
  // Tables that were fetched while there were no tokens are compared by their ages, which are no better than that.
  const auto outdated_then = exchange_->outdated_since(which, revision) - (now_.elapsed() - seen.fetched);
  if (revision < seen.revision && outdated_then > travel_max && !one.machine->wall_was_stepped)
    notes_.violate(who + " went back from revision " + std::to_string(seen.revision) + " to " + std::to_string(revision)
                   + ", which was outdated for " + std::to_string(outdated_then / 1ms) + " ms when that one was fetched");
  seen.revision = revision;
  seen.fetched = now_.elapsed() - age.value_or(0s);
  const auto least = exchange_->outdated_since(which, revision) - age_slack;
  if (age && *age < least && !one.machine->wall_was_stepped)
    notes_.violate(who + " is told to be " + std::to_string(*age / 1ms) + " ms old, it is " + std::to_string(least / 1ms) + " at least");
}

// Up to the intensity at any rate, then one start for each time that the circuit was open.
void world::check_starts(const engine_process& one) {
  const auto window = template_.restart_window;
  const auto now = now_.awake();
  const auto recent = std::count_if(one.fetcher_starts.begin(), one.fetcher_starts.end(),
                                    [&](auto at) { return now - at < window; });
  const auto most = static_cast<std::ptrdiff_t>(market_count * (template_.max_restarts + 1 + static_cast<std::size_t>(window / 5s) + 1));
  if (recent > most)
    notes_.violate("opening " + std::to_string(one.opening) + ": " + std::to_string(recent) + " starts of fetchers in "
                   + std::to_string(window / 1s) + " s, " + std::to_string(most) + " are allowed");
}

void world::settle() {
  notes_.note("the troubles end");
  end_troubles();
  now_.sleep(ban_max + 70s);
  for (auto& one : processes_)
    one->disturbed_until = now_.awake() + 30s;
  start_missing(true);
  turns_->run_for(20s);
  // Bans have ended. What a new process reads of one in its folder, of a wall clock that was put back since, is as long as the ban was.
  const bool stepped = std::any_of(machines_.begin(), machines_.end(), [](const auto& one) { return one->wall_was_stepped; });
  const auto to_rest = 150s + (stepped ? ban_max : 0s);
  for (const auto since = now_.awake(); now_.awake() - since < to_rest && notes_.violation().empty();) {
    check();
    if (counters_are_exact(false) && tables_are_fresh(false))
      break;
    turns_->run_for(5s);
  }
  if (notes_.violation().empty())
    check_rest();
}

run_result simulate(const run_settings& settings) {
  seed_entropy(settings.seed);
  namespace fs = std::filesystem;
  const auto base = fs::exists("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
  const auto folder = base / ("holdfast-simulation-" + std::to_string(process_id()));
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder);
  run_result result;
  {
    world all{settings, folder.string()};
    result = all.run();
  }
  fs::remove_all(folder, error);
  return result;
}

} // namespace holdfast::simulation
