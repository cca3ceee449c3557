// SIGINT and SIGTERM as something to wait for: made before any thread starts, so that every thread leaves them to wait().
#pragma once

#include <csignal>

namespace holdfast::app {

class termination_signals {
public:
  termination_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }

private:
  sigset_t set_;
};

} // namespace holdfast::app
