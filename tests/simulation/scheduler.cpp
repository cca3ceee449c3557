#include "tests/simulation/scheduler.hpp"

#include <algorithm>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/send.hpp>

#include "tests/simulation/waiting_thread.hpp"

namespace holdfast::simulation {

namespace {

constexpr std::size_t at_once_max = 20'000;

class turn_unit final : public caf::execution_unit {
public:
  explicit turn_unit(caf::scheduler::test_coordinator& jobs) : execution_unit{&jobs.system()}, jobs_{jobs} {}
  void exec_later(caf::resumable* job) override { jobs_.jobs.push_back(job); }

private:
  caf::scheduler::test_coordinator& jobs_;
};

caf::local_actor* actor_of(caf::resumable* job) { return dynamic_cast<caf::local_actor*>(job); }

} // namespace

scheduler::scheduler(caf::actor_system& system, world_time& now, journal& notes, std::mt19937_64& random)
  : jobs_{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())}, now_{now}, notes_{notes}, random_{random},
    unit_{std::make_unique<turn_unit>(jobs_)} {
  jobs_.clock().current_time += std::chrono::hours{1};
}

scheduler::~scheduler() = default;

scheduler::within::within(scheduler& all, process_number process)
  : all_{all}, before_{all.current_}, jobs_before_{all.jobs_.jobs.size()} {
  all_.current_ = process;
}

scheduler::within::~within() {
  all_.adopt_new_jobs(jobs_before_);
  all_.current_ = before_;
}

void scheduler::adopt_new_jobs(std::size_t from) {
  for (auto at = from; at < jobs_.jobs.size(); ++at)
    (void)owner_of(jobs_.jobs[at]);
}

const scheduler::owned_actor& scheduler::owner_of(caf::resumable* job) {
  static const owned_actor nobody{no_process, {}, false, true};
  auto* one = actor_of(job);
  if (!one)
    return nobody;
  const auto known = owners_.find(one->id());
  if (known != owners_.end())
    return known->second;
  const std::string_view name = one->name();
  owned_actor owned{current_, caf::actor_cast<caf::weak_actor_ptr>(one->ctrl()), name == "fetcher", name != "store_link"};
  return owners_.emplace(one->id(), std::move(owned)).first->second;
}

void scheduler::pause(process_number process, nanoseconds span) { paused_until_[process] = now_.awake() + span; }

bool scheduler::paused(process_number process) const {
  const auto until = paused_until_.find(process);
  return until != paused_until_.end() && now_.awake() < until->second;
}

// One message of one runnable actor.
bool scheduler::run_one() {
  if (wake_due())
    return true;
  auto& jobs = jobs_.jobs;
  runnable_.clear();
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    const auto& owner = owner_of(jobs[at]);
    if (!owner.pausable || !paused(owner.process))
      runnable_.push_back(at);
  }
  if (runnable_.empty())
    return false;
  run(runnable_[runnable_.size() == 1 ? 0 : random_() % runnable_.size()]);
  return true;
}

void scheduler::run(std::size_t at) {
  auto& jobs = jobs_.jobs;
  auto* job = jobs[at];
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(at));
  const auto owner = owner_of(job);
  ++turns_;
  if (auto* one = actor_of(job))
    notes_.mix(one->id());
  const within its_process{*this, owner.process};
  if (owner.waits) {
    auto& thread = idle_thread();
    thread.job = job;
    thread.process = owner.process;
    thread.result.reset();
    return hand_over(thread);
  }
  finish(job, job->resume(unit_.get(), 1));
}

void scheduler::finish(caf::resumable* job, caf::resumable::resume_result result) {
  if (result == caf::resumable::resume_later)
    jobs_.jobs.push_back(job);
  else if (result != caf::resumable::shutdown_execution_unit)
    caf::intrusive_ptr_release(job);
}

waiting_thread& scheduler::idle_thread() {
  for (auto& thread : threads_)
    if (!thread->job)
      return *thread;
  threads_.push_back(std::make_unique<waiting_thread>());
  return *threads_.back();
}

void scheduler::hand_over(waiting_thread& thread) {
  thread.unit = unit_.get();
  thread.give_turn();
  if (!thread.result)
    return; // it waits
  auto* job = std::exchange(thread.job, nullptr);
  finish(job, *std::exchange(thread.result, std::nullopt));
}

// Somebody who waited long enough.
bool scheduler::wake_due() {
  for (auto& thread : threads_)
    if (thread->job && thread->until <= now_.awake() && !paused(thread->process)) {
      const within its_process{*this, thread->process};
      ++turns_;
      hand_over(*thread);
      return true;
    }
  return false;
}

void scheduler::wait(nanoseconds span, const void* token) {
  auto* thread = waiting_thread::current();
  thread->until = now_.awake() + span;
  thread->token = token;
  thread->hand_back();
}

void scheduler::wake(const void* token) {
  for (auto& thread : threads_)
    if (thread->job && thread->token == token)
      thread->until = now_.awake();
}

void scheduler::to_next_event(nanoseconds end) {
  auto& clock = jobs_.clock();
  auto next = end;
  if (!clock.schedule().empty())
    next = std::min(next, now_.awake() + std::max(nanoseconds{0}, nanoseconds{clock.schedule().begin()->first - clock.now()}));
  for (const auto& thread : threads_)
    if (thread->job && thread->until > now_.awake())
      next = std::min(next, thread->until);
  for (const auto& [process, until] : paused_until_)
    if (until > now_.awake())
      next = std::min(next, until);
  const auto by = next - now_.awake();
  now_.advance(by);
  const auto jobs_before = jobs_.jobs.size();
  clock.advance_time(by);
  adopt_new_jobs(jobs_before);
}

void scheduler::run_for(nanoseconds span) {
  const auto end = now_.awake() + span;
  // Whoever runs for ever without time going on has gone mad.
  std::size_t at_once = 0;
  auto before = now_.awake();
  while (notes_.violation().empty()) {
    if (std::exchange(before, now_.awake()) != now_.awake())
      at_once = 0;
    if (++at_once > at_once_max)
      return notes_.violate(std::to_string(at_once_max) + " turns without time going on");
    if (run_one())
      continue;
    if (now_.awake() >= end)
      return;
    to_next_event(end);
  }
}

std::vector<caf::strong_actor_ptr> scheduler::actors_of(process_number process) const {
  std::map<caf::actor_id, caf::strong_actor_ptr> in_order;
  for (const auto& [id, owned] : owners_)
    if (owned.process == process)
      if (auto handle = owned.handle.lock())
        in_order.emplace(id, std::move(handle));
  std::vector<caf::strong_actor_ptr> all;
  for (auto& [id, handle] : in_order)
    all.push_back(std::move(handle));
  return all;
}

bool scheduler::alive(process_number process) const {
  for (const auto& thread : threads_)
    if (thread->job && thread->process == process)
      return true;
  for (const auto& one : actors_of(process))
    if (auto* actor = dynamic_cast<caf::monitorable_actor*>(caf::actor_cast<caf::abstract_actor*>(one)))
      if (!actor->getf(caf::abstract_actor::is_terminated_flag))
        return true;
  return false;
}

void scheduler::exhaust(process_number process) {
  auto& jobs = jobs_.jobs;
  for (std::size_t at = 0; at < jobs.size();) {
    if (owner_of(jobs[at]).process == process) {
      run(at);
      at = 0;
    } else {
      ++at;
    }
  }
}

void scheduler::kill(process_number process) {
  paused_until_.erase(process);
  for (const auto& one : actors_of(process))
    caf::anon_send_exit(caf::actor_cast<caf::actor>(one), caf::exit_reason::kill);
  exhaust(process);
  for (auto& thread : threads_)
    while (thread->job && thread->process == process) {
      const within its_process{*this, process};
      thread->until = now_.awake();
      hand_over(*thread);
    }
  exhaust(process);
  std::erase_if(owners_, [process](const auto& one) { return one.second.process == process; });
}

} // namespace holdfast::simulation
