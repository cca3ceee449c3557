// What to do about an error reply of Redis: one remedy for every kind of error, so that none is retried hot.
#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast {

enum class redis_remedy : std::uint8_t {
  refuse,       // this question alone: wrong type, no permission, anything unknown; the link is as good as before
  send_text,    // NOSCRIPT: nothing was done; send the script itself
  pause_writes, // OOM, MISCONF: reads go on, writes wait
  fail_over,    // READONLY, NOREPLICAS: writes wait, and by now another server may have the name: connect anew
  reconnect,    // LOADING, MASTERDOWN, CLUSTERDOWN, BUSY, too many clients: of no use to anybody now; come back later
  give_up,      // NOAUTH, WRONGPASS: nothing changes until somebody changes it; look again rarely
};

redis_remedy remedy_of(std::string_view error_reply) noexcept;

// A refusal of the keys of this command, which others need not share.
bool is_about_keys(std::string_view error_reply) noexcept;

} // namespace holdfast
