#include "engine/means.hpp"

#include <random>

#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_store.hpp"
#include "actors/redis_store.hpp"
#include "actors/spawn_waiting.hpp"
#include "config/engine_config.hpp"
#include "runtime/http_client.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

options options_of(const caf::actor_system& system) {
  if (const auto* config = dynamic_cast<const engine_config*>(&system.config()))
    return *config;
  logger()->warn("the actor system's configuration is no holdfast::engine_config: defaults are used");
  return {};
}

started_store start_redis(caf::actor_system& system, const options& settings, const clock_ptr& clock, const telemetry_ptr& watched) {
  const auto url = redis_url::parse(settings.redis_url);
  if (!url) {
    logger()->warn("redis-url is not used reason={}", log_value(url.error()));
    return {};
  }
  redis_store_settings connecting{*url, settings.redis_connect_timeout, settings.redis_command_timeout, false, watched};
  const auto ends = connecting.ends;
  const auto handle = spawn_waiting(system, true, "redis_store", redis_store, std::move(connecting), clock);
  return {handle, [ends](boot_time at) { ends->set(at); }};
}

} // namespace

store_actor start_memory_store(caf::actor_system& system, const clock_ptr& clock) {
  return system.spawn(embedded_store, embedded_store_settings{}, clock);
}

engine_means means_of(const caf::actor_system& system) {
  engine_means means;
  means.settings = options_of(system);
  means.shared_store = [settings = means.settings](caf::actor_system& on, const clock_ptr& clock, const telemetry_ptr& watched) {
    return start_redis(on, settings, clock, watched);
  };
  means.transfers = [] { return std::make_shared<http_client>(); };
  means.seed = std::random_device{}();
  return means;
}

} // namespace holdfast
