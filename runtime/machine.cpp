#include "runtime/machine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>

#include <unistd.h>

namespace holdfast {

// FNV-1a: stable across builds, which std::hash is not.
std::string digest_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::array<char, 16> digits;
  digits.fill('0');
  std::array<char, 16> plain;
  const auto end = std::to_chars(plain.data(), plain.data() + plain.size(), hash, 16).ptr;
  std::copy(plain.data(), end, digits.end() - (end - plain.data()));
  return {digits.data(), digits.size()};
}

namespace {

std::string first_word(const char* path) {
  std::ifstream file{path};
  std::string word;
  file >> word;
  return word;
}

std::string machine_text() {
  for (const auto* path : {"/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/random/boot_id"})
    if (auto word = first_word(path); word.size() >= 8)
      return word;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

} // namespace

const std::string& machine_name() {
  static const std::string name = digest_of("holdfast " + machine_text());
  return name;
}

std::string without_user(std::string_view url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto user = url.substr(begin, url.find_first_of("/?#", begin) - begin).rfind('@');
  return std::string{url.substr(0, begin)} += url.substr(user == std::string_view::npos ? begin : begin + user + 1);
}

std::string site_name(std::string_view full_url) {
  const auto bare = without_user(full_url);
  std::string_view url = bare;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  auto host = url.substr(0, url.find_first_of("/?#"));
  const auto name = host.substr(0, host.rfind(':'));
  const bool is_address = name.find_first_not_of("0123456789.") == std::string_view::npos || name.starts_with('[');
  const auto last = name.rfind('.');
  if (!is_address && last != std::string_view::npos && last > 0)
    if (const auto before = name.rfind('.', last - 1); before != std::string_view::npos)
      host.remove_prefix(before + 1);
  return digest_of(host);
}

} // namespace holdfast
