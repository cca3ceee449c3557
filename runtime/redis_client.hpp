// One connection to a Redis: pipelines with one deadline for the whole of them, over hiredis' protocol reader.
//
// Threads  one thread at a time per object; connect() leaves a thread behind where a name server does not answer.
// Bounds   every call returns by its deadline, which may grow with the megabytes that really moved; a reply that is or
//          claims to be more than 64 MiB or 2^20 elements in all its arrays breaks the link at once, and memory is taken
//          for what came, not for what was announced. Once the descriptor `interrupt` is readable no call waits any more.
// Errors   after any failure the connection is poisoned and every further call fails: throw it away and connect anew. A
//          reply that is late or one too many is never handed to the next caller. An error *reply* is a reply.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/redis_url.hpp>

struct redisReader;

namespace holdfast {

struct redis_reply {
  enum class kind : std::uint8_t { nil, integer, text, error, array };
  kind what = kind::nil;
  std::int64_t integer = 0;
  std::string text; // of a string, a status or an error
  std::vector<redis_reply> elements;

  bool is_error(std::string_view prefix = {}) const noexcept {
    return what == kind::error && std::string_view{text}.starts_with(prefix);
  }
};

using redis_command = std::vector<std::string>;

// Classed by what to do about it.
enum class redis_failure_kind : std::uint8_t {
  unreachable, // no connection: try again with backoff
  timeout,     // no (whole) reply in time
  closed,      // the peer ended the connection
  garbled,     // what came is not the protocol
  refused,     // the server said no to the greeting: `detail` is its error reply
};

struct redis_failure {
  redis_failure_kind kind = redis_failure_kind::closed;
  std::string detail; // for people; no password in it
};

class redis_client {
public:
  // `interrupt` is borrowed for the client's life; -1: there is none.
  static expected<std::unique_ptr<redis_client>, redis_failure> connect(const redis_url& url, boot_time deadline,
                                                                        int interrupt = -1);
  ~redis_client();
  redis_client(const redis_client&) = delete;
  redis_client& operator=(const redis_client&) = delete;

  // One reply per command, in their order. The deadline moves on by `per_mebibyte` for every MiB sent or received, so
  // that large values have time to travel and a trickle has none.
  expected<std::vector<redis_reply>, redis_failure> run(std::span<const redis_command> commands, boot_time deadline,
                                                        std::chrono::nanoseconds per_mebibyte = {});

  // For a connection that subscribes: the next thing that comes unasked; none where nothing came until then.
  expected<std::optional<redis_reply>, redis_failure> await_push(boot_time until);
  // Sends without waiting for an answer, which comes through await_push.
  std::optional<redis_failure> say(const redis_command& command, boot_time deadline);

private:
  struct reader_deleter {
    void operator()(redisReader* reader) const noexcept;
  };
  redis_client(int socket, int interrupt);
  struct patience {
    boot_time deadline;
    std::chrono::nanoseconds per_mebibyte;
  };
  std::optional<redis_failure> exchange(std::string_view out, std::size_t wanted, patience until,
                                        std::vector<redis_reply>& replies);
  std::optional<redis_failure> unasked(std::vector<redis_reply>& replies);
  std::optional<redis_failure> take_bytes(std::size_t wanted, std::vector<redis_reply>& replies);
  std::optional<redis_failure> take_replies(std::size_t wanted, std::vector<redis_reply>& replies);

  int socket_;
  int interrupt_;
  std::unique_ptr<redisReader, reader_deleter> reader_;
  std::size_t unread_ = 0; // bytes fed since the last whole reply
  std::size_t moved_ = 0;  // bytes sent and received in this exchange
  int elements_left_ = 1 << 20; // that the arrays of one reply may still hold
  bool poisoned_ = false;
};

} // namespace holdfast
