// Private to the embedded store: the opening of its database, and who is told whether it answers.
#pragma once

#include <chrono>
#include <cstdint>

#include "actors/embedded_store.hpp"

namespace holdfast::embedded_parts {

// The database's own time.
std::int64_t now_ms(const embedded_store_state& state);

// Until it succeeds the store is away and nothing is kept: what memory took for it would be gone with the process, and its
// askers would not bring it again. A busy database is waited for as long as `patience`.
void open_database(embedded_store_state& state, std::chrono::milliseconds patience);

// Nothing may be waited for any more: the engine has to be gone.
bool has_ended(const embedded_store_state& state) noexcept;

// Opens it where it is not and a try is due.
void try_to_open(embedded_store_state& state);

// How it went, of reads (`up`) or of transactions (`takes_writes`): all is well once both go again. Answers `good`.
bool take_outcome(embedded_store_state& state, bool store_status::*part, bool good);

// Tells how long its life was.
class watched_access {
public:
  explicit watched_access(const embedded_store_state& state) : state_{state} {}
  ~watched_access() {
    if (state_.settings.watched)
      state_.settings.watched->store_round_trip.observe(boot_clock::now() - began_);
  }
  watched_access(const watched_access&) = delete;
  watched_access& operator=(const watched_access&) = delete;

private:
  const embedded_store_state& state_;
  boot_time began_ = boot_clock::now();
};

// From now on it is told; at once whether the store answers.
void add_listener(embedded_store_state& state, const store_listener& listener);

} // namespace holdfast::embedded_parts
