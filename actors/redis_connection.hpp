// Private to redis_store: a connection that is ready to be used: greeted, its scripts known to the server, and the
// server's idea of itself read.
//
// Threads  open_redis_connection() blocks: it has a thread of its own.
// Bounds   a connect within the connect timeout, everything else within one command timeout, nothing past settings.ends; the
//          connection knows that end, too.
// Errors   `refused` where the server answers, but not to us or not now: remedy_of(detail) tells what to do. That it takes
//          no writes now is no failure: `write_trouble` tells.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "actors/redis_scripts.hpp"
#include "actors/redis_store.hpp"
#include "runtime/counter_merge.hpp"
#include "runtime/redis_client.hpp"

namespace holdfast {

struct redis_connection {
  std::unique_ptr<redis_client> client;
  store_identity identity;                                     // of the first connection only, not of bulk
  std::array<std::string, redis_script_texts.size()> hashes;   // empty: the text is sent every time
  std::string write_trouble;                                   // the error that a first write met
};

expected<redis_connection, redis_failure> open_redis_connection(const redis_store_settings& settings);

} // namespace holdfast
