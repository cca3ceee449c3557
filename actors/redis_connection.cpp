#include "actors/redis_connection.hpp"

#include <utility>

#include "config/keys.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/redis_remedy.hpp"

namespace holdfast {

namespace {

constexpr std::size_t identity_commands = 4;

std::string field_of(std::string_view info, std::string_view name) {
  const auto key = std::string{name} + ':';
  auto at = info.find(key);
  if (at == std::string_view::npos)
    return {};
  at += key.size();
  return std::string{info.substr(at, info.find_first_of("\r\n", at) - at)};
}

// Errors that make a connection useless, whatever it was that was asked.
bool is_useless(const redis_reply& reply) {
  if (!reply.is_error())
    return false;
  const auto remedy = remedy_of(reply.text);
  return remedy == redis_remedy::reconnect || remedy == redis_remedy::give_up;
}

std::vector<redis_command> first_questions(bool bulk) {
  std::vector<redis_command> commands;
  if (!bulk)
    commands = {{"SET", std::string{keys::epoch}, to_text(random_ledger_id()), "NX"},
                {"GET", std::string{keys::epoch}},
                {"INFO", "server"},
                {"INFO", "replication"}};
  for (const auto text : redis_script_texts)
    commands.push_back({"SCRIPT", "LOAD", std::string{text}});
  return commands;
}

// The server may lack what we ask for (an epoch that a replica cannot take, INFO that a user may not ask).
void take_identity(redis_connection& connection, const std::vector<redis_reply>& replies) {
  const auto text = [&](std::size_t i) { return replies[i].is_error() ? std::string{} : replies[i].text; };
  connection.identity = {text(1), field_of(text(2), "run_id"), field_of(text(3), "master_replid")};
  if (replies[0].is_error())
    connection.write_trouble = replies[0].text;
}

} // namespace

expected<redis_connection, redis_failure> open_redis_connection(const redis_store_settings& settings) {
  auto client = redis_client::connect(settings.url, boot_clock::now() + settings.connect_timeout,
                                      settings.ends->descriptor());
  if (!client)
    return unexpected{client.error()};
  const auto questions = first_questions(settings.bulk);
  const auto replies = (*client)->run(questions, boot_clock::now() + settings.command_timeout);
  if (!replies)
    return unexpected{replies.error()};
  for (const auto& reply : *replies)
    if (is_useless(reply))
      return unexpected{redis_failure{redis_failure_kind::refused, reply.text}};
  redis_connection connection{std::move(*client), {}, {}, {}};
  if (!settings.bulk)
    take_identity(connection, *replies);
  const auto first = settings.bulk ? std::size_t{0} : identity_commands;
  for (std::size_t i = 0; i < connection.hashes.size(); ++i)
    if (const auto& reply = (*replies)[first + i]; reply.what == redis_reply::kind::text)
      connection.hashes[i] = reply.text;
  return connection;
}

} // namespace holdfast
