// Every way in which an actor answers that it could not do what was asked: one closed list, classed by what the
// receiver should do. As a CAF error: category "hf_fault"; rendered once register_messages() ran on the configuration.
#pragma once

#include <cstdint>
#include <string>

#include <caf/error.hpp>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

// Why something could not be done; `none`: it was.
enum class fault : std::uint8_t {
  none = 0,
  no_data,         // nothing was ever good and nothing can be had now: ask again later
  deadline,        // the answer did not come in time; the work may go on
  store_away,      // the store's link is down or its circuit open: go on without it, it will be retried
  store_refused,   // the store understood and said no (wrong type, no permission, full): retrying at once is useless
  overloaded,      // a bound was reached; nothing was queued: ask again later
  bad_request,     // the question itself is wrong (a bad key, an unknown market): do not repeat it
  fetch_failed,    // the exchange could not be asked or did not answer well: retry with backoff
  fetch_forbidden, // an embargo, an open circuit or a backoff forbids asking the exchange now
  table_refused,   // the exchange answered, but the plausibility gate does not believe it
  fenced,          // a newer holder has written meanwhile: take its value instead
  stopping,        // the engine is being stopped
  too_stale,       // what is known is older than the caller accepts: ask again later, or accept older
};

// The name of the enumerator.
HOLDFAST_EXPORT std::string to_string(fault why);

// For `return make_error(fault::no_data);` inside a handler.
HOLDFAST_EXPORT caf::error make_error(fault why);
// The same with words for people; no secret may be in them.
HOLDFAST_EXPORT caf::error make_error(fault why, std::string detail);

// The fault in a CAF error. CAF's own request timeout is `deadline`; an actor that is gone is `stopping`.
HOLDFAST_EXPORT fault fault_of(const caf::error& error) noexcept;

} // namespace holdfast
