// A private redis-server for one test: its own folder, its own socket, gone at the end of the scope.
//
// Threads  start, kill, stop, freeze and thaw: one thread at a time. url(), socket(): any.
// Errors   throws std::runtime_error where a server does not start within 10 s; skip first where !installed().
// Loses    nothing that was answered, at kill(); everything where it is not `durable`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "runtime/redis_client.hpp"

namespace holdfast::test {

struct redis_server_options {
  bool durable = true;    // append-only file, fsync on every write
  bool with_port = false; // also a free TCP port on 127.0.0.1
  bool may_load = false;  // start() also returns where it still loads what it had
  std::vector<std::string> arguments; // as on redis-server's command line
};

class redis_server {
public:
  static bool installed();

  explicit redis_server(redis_server_options options = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  std::string socket() const { return (folder_ / "redis.sock").string(); }
  std::string url() const { return "unix://" + socket(); }
  std::uint16_t port() const noexcept { return port_; }
  const std::filesystem::path& folder() const noexcept { return folder_; }
  bool running() const noexcept { return process_ > 0; }

  void start();     // returns once it answers; nothing where it runs
  void kill();   // SIGKILL
  void stop();      // SIGTERM, waits for the end
  void freeze();    // SIGSTOP: the kernel accepts, nobody answers
  void thaw();
  // Stops it, takes the last so many additions to the counter `key` back and what came after the first of them, as a failover
  // to a replica that had not seen them, and starts it. Only where it is durable; throws where there were not so many.
  void roll_back(std::size_t additions, const std::string& key);

  // Asks over a connection of its own, as an observer that shares no code with what is tested. Integers come as
  // decimal text, nil as "(nil)", no answer within 5 s as "(none)", errors as they are, arrays joined by blanks.
  std::string ask(const std::vector<std::string>& words) const;

  // The same over a redis_client, with typed replies; an error reply "away" where the server does not answer in 2 s.
  redis_reply command(redis_command words) const;
  std::string get(const std::string& key) const { return command({"GET", key}).text; }

private:
  bool starts();
  void end(int signal);

  redis_server_options options_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

} // namespace holdfast::test
