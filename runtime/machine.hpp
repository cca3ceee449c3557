// Names that tell which machine, and which exchange, a budget of requests belongs to: limits are counted per address,
// so processes of one machine share an embargo of one exchange whatever their state folders.
#pragma once

#include <string>
#include <string_view>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

// 16 hex digits of a text, the same in every process and build.
HOLDFAST_EXPORT std::string digest_of(std::string_view text);

// 16 hex digits, the same in every process of this machine and across its restarts; derived from /etc/machine-id
// (never that id itself), else from the running kernel's boot id, else from the host's name.
HOLDFAST_EXPORT const std::string& machine_name();

// A URL without the name and password that may stand before its host.
HOLDFAST_EXPORT std::string without_user(std::string_view url);

// 16 hex digits for the site of a URL: hosts under one registered name and port (api.x.com, api1.x.com) are one site.
HOLDFAST_EXPORT std::string site_name(std::string_view url);

} // namespace holdfast
