#include "runtime/task.hpp"

#include <exception>
#include <utility>

#include "runtime/task_board.hpp"

namespace holdfast {

task_run::task_run(std::shared_ptr<task_account> account) noexcept
  : account_{std::move(account)}, exceptions_{std::uncaught_exceptions()} {
  if (account_)
    began_ = account_->begin();
}

task_run::task_run(task_run&& other) noexcept
  : account_{std::move(other.account_)}, began_{other.began_}, exceptions_{std::uncaught_exceptions()},
    must_tell_{other.must_tell_} {}

task_run& task_run::operator=(task_run&& other) noexcept {
  if (this == &other)
    return *this;
  end_in_silence();
  account_ = std::move(other.account_);
  began_ = other.began_;
  exceptions_ = std::uncaught_exceptions();
  must_tell_ = other.must_tell_;
  return *this;
}

task_run::~task_run() { end_in_silence(); }

void task_run::succeed() noexcept {
  if (const auto account = std::exchange(account_, nullptr))
    account->succeeded(began_);
}

void task_run::fail(std::string_view why) noexcept {
  if (const auto account = std::exchange(account_, nullptr))
    account->failed(began_, why);
}

void task_run::drop() noexcept {
  if (const auto account = std::exchange(account_, nullptr))
    account->dropped();
}

void task_run::end_in_silence() noexcept {
  if (!account_)
    return;
  if (std::uncaught_exceptions() > exceptions_)
    fail("an exception left the run");
  else if (must_tell_)
    fail("abandoned: nobody told how it ended");
  else
    succeed();
}

void task::expect_every(std::chrono::nanoseconds interval) const noexcept {
  if (account_)
    account_->expect_every(interval);
}

void task::learn_success(wall_time when) const noexcept {
  if (account_)
    account_->learn(std::nullopt, when);
}

task_reading task::read() const { return account_ ? account_->read() : task_reading{}; }

} // namespace holdfast
