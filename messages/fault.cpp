#include "messages/fault.hpp"

#include <array>

#include <caf/actor_system_config.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include "messages/interfaces.hpp"
#include "messages/task_request.hpp"

namespace holdfast {

namespace {

constexpr std::array names{"none",         "no_data",      "deadline",        "store_away",    "store_refused", "overloaded",
                           "bad_request",  "fetch_failed", "fetch_forbidden", "table_refused", "fenced",        "stopping",
                           "too_stale"};

const caf::atom_value category = caf::atom("hf_fault");

} // namespace

std::string to_string(fault why) { return names.at(static_cast<std::size_t>(why)); }

caf::error make_error(fault why) { return caf::error{static_cast<std::uint8_t>(why), category}; }

caf::error make_error(fault why, std::string detail) {
  return caf::error{static_cast<std::uint8_t>(why), category, caf::make_message(std::move(detail))};
}

fault fault_of(const caf::error& error) noexcept {
  if (!error)
    return fault::none;
  if (error.category() == category)
    return error.code() < names.size() ? static_cast<fault>(error.code()) : fault::stopping;
  if (error == caf::sec::request_timeout)
    return fault::deadline;
  return fault::stopping;
}

std::string text_of(const caf::error& why) {
  const auto known = fault_of(why);
  const bool ours = why.category() == category || why == caf::sec::request_timeout;
  if (!ours)
    return caf::to_string(why);
  return why.context().empty() ? to_string(known) : to_string(known) + ": " + caf::deep_to_string(why.context());
}

void register_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::holdfast>();
  config.add_error_category(category, [](std::uint8_t code, caf::atom_value, const caf::message& detail) {
    auto text = code < names.size() ? std::string{names[code]} : "fault " + std::to_string(code);
    return detail.empty() ? text : text + caf::deep_to_string(detail);
  });
}

} // namespace holdfast
