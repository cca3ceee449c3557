#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "apps/holdfast/simulated_exchange.hpp"

namespace holdfast {

namespace {

constexpr auto names = std::to_array<std::pair<std::string_view, exchange_fault>>({
  {"none", exchange_fault::none},
  {"500", exchange_fault::server_error},
  {"502", exchange_fault::bad_gateway},
  {"403", exchange_fault::firewall},
  {"451", exchange_fault::blocked},
  {"429", exchange_fault::too_many},
  {"418", exchange_fault::banned},
  {"hang", exchange_fault::hang},
  {"hang-body", exchange_fault::hang_in_body},
  {"reset", exchange_fault::reset},
  {"truncate", exchange_fault::truncated},
  {"cut", exchange_fault::cut_without_length},
  {"bomb", exchange_fault::bomb},
  {"too-large", exchange_fault::too_large},
  {"html", exchange_fault::html},
  {"empty-object", exchange_fault::empty_object},
  {"error-body", exchange_fault::error_body},
  {"banned-body", exchange_fault::banned_body},
  {"empty-list", exchange_fault::empty_list},
  {"five-symbols", exchange_fault::five_symbols},
  {"half-gone", exchange_fault::half_gone},
  {"zero-ticks", exchange_fault::zero_ticks},
  {"time-back", exchange_fault::time_back},
  {"bad-symbol", exchange_fault::bad_symbol},
  {"unknown-names", exchange_fault::unknown_names},
  {"invalid-text", exchange_fault::invalid_text},
  {"bad-key", exchange_fault::bad_key},
  {"bad-key-format", exchange_fault::bad_key_format},
  {"clock-off", exchange_fault::clock_off},
  {"trickle", exchange_fault::trickle},
  {"close-kept", exchange_fault::close_kept},
});

constexpr std::int64_t longest_seconds = 366 * 24 * 3600;

std::string_view take_word(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto word = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return word;
}

bool add_setting(std::vector<exchange_fault_setting>& settings, std::string_view text) {
  exchange_fault_setting setting;
  auto word = take_word(text, ':');
  const auto which = parse_market(word);
  if (which)
    word = take_word(text, ':');
  const auto fault = parse_exchange_fault(word);
  if (!fault)
    return false;
  setting.fault = *fault;
  if (!text.empty()) {
    std::int64_t seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || seconds <= 0 || seconds > longest_seconds)
      return false;
    setting.length = std::chrono::seconds{seconds};
  }
  for (const auto each : all_markets) {
    if (which && *which != each)
      continue;
    setting.which = each;
    settings.push_back(setting);
  }
  return true;
}

} // namespace

std::optional<exchange_fault> parse_exchange_fault(std::string_view text) {
  for (const auto& [name, fault] : names)
    if (name == text)
      return fault;
  return std::nullopt;
}

std::string_view to_string(exchange_fault fault) noexcept {
  const auto found = std::find_if(names.begin(), names.end(), [fault](const auto& one) { return one.second == fault; });
  return found == names.end() ? std::string_view{} : found->first;
}

std::string exchange_fault_names() {
  std::string all;
  for (const auto& [name, fault] : names)
    all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

std::optional<std::vector<exchange_fault_setting>> parse_exchange_faults(std::string_view text) {
  std::vector<exchange_fault_setting> settings;
  do {
    if (!add_setting(settings, take_word(text, ',')))
      return std::nullopt;
  } while (!text.empty());
  return settings;
}

} // namespace holdfast
