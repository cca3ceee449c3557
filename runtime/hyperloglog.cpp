#include "runtime/hyperloglog.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace holdfast {

namespace {

constexpr std::string_view mark = "HF1";
constexpr std::size_t header_bytes = mark.size() + 1;
constexpr unsigned rank_bits = 6;
constexpr std::size_t sparse_entry_bytes = 3;
constexpr std::size_t dense_bytes = hyperloglog::register_count * rank_bits / 8;

// Ertl's sigma and tau: what registers of rank 0 and of the highest rank contribute.
double sigma(double x) {
  if (x == 1.0)
    return INFINITY;
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0)
    return 0.0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

unsigned byte_at(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }

void append_byte(std::string& out, unsigned value) { out += static_cast<char>(value & 0xFF); }

} // namespace

bool hyperloglog::add(std::uint64_t hash) noexcept {
  const auto place = static_cast<std::size_t>(hash & (register_count - 1));
  const auto rest = (hash >> index_bits) | (std::uint64_t{1} << (64 - index_bits));
  const auto rank = static_cast<std::uint8_t>(std::countr_zero(rest) + 1);
  if (ranks_[place] >= rank)
    return false;
  ranks_[place] = rank;
  return true;
}

std::uint64_t hyperloglog::count() const {
  constexpr double registers = register_count;
  std::array<std::uint32_t, rank_max + 1> with_rank{};
  for (const auto rank : ranks_)
    ++with_rank[rank];
  double z = registers * tau(1 - with_rank[rank_max] / registers);
  for (auto rank = rank_max - 1; rank >= 1; --rank)
    z = 0.5 * (z + with_rank[rank]);
  z += registers * sigma(with_rank[0] / registers);
  constexpr double alpha = 0.721347520444481703680; // 1 / (2 ln 2)
  return static_cast<std::uint64_t>(std::llround(alpha * registers * registers / z));
}

std::string hyperloglog::text() const {
  std::string out{mark};
  const auto used = register_count - static_cast<std::size_t>(std::count(ranks_.begin(), ranks_.end(), 0));
  if (used * sparse_entry_bytes < dense_bytes) {
    out += 's';
    for (std::size_t i = 0; i < register_count; ++i)
      if (ranks_[i] > 0) {
        const auto entry = static_cast<unsigned>(i) << rank_bits | ranks_[i];
        for (const unsigned shift : {16u, 8u, 0u})
          append_byte(out, entry >> shift);
      }
    return out;
  }
  out += 'd';
  for (std::size_t i = 0; i < register_count; i += 4) {
    const auto four = static_cast<unsigned>(ranks_[i]) << 18 | static_cast<unsigned>(ranks_[i + 1]) << 12
                      | static_cast<unsigned>(ranks_[i + 2]) << 6 | ranks_[i + 3];
    for (const unsigned shift : {16u, 8u, 0u})
      append_byte(out, four >> shift);
  }
  return out;
}

std::optional<hyperloglog> hyperloglog::parse(std::string_view text) {
  if (text.size() < header_bytes || !text.starts_with(mark))
    return std::nullopt;
  const bool sparse = text[mark.size()] == 's';
  text.remove_prefix(mark.size());
  if (!sparse && (text[0] != 'd' || text.size() != dense_bytes + 1))
    return std::nullopt;
  text.remove_prefix(1);
  if (text.size() % sparse_entry_bytes != 0)
    return std::nullopt;
  hyperloglog made;
  for (std::size_t at = 0; at < text.size(); at += sparse_entry_bytes) {
    const auto bits = byte_at(text, at) << 16 | byte_at(text, at + 1) << 8 | byte_at(text, at + 2);
    if (sparse) {
      if (bits >> rank_bits >= register_count)
        return std::nullopt;
      made.ranks_[bits >> rank_bits] = static_cast<std::uint8_t>(bits & 63);
    } else {
      for (std::size_t i = 0; i < 4; ++i)
        made.ranks_[at / sparse_entry_bytes * 4 + i] = static_cast<std::uint8_t>(bits >> (18 - 6 * i) & 63);
    }
  }
  if (*std::max_element(made.ranks_.begin(), made.ranks_.end()) > rank_max)
    return std::nullopt;
  return made;
}

} // namespace holdfast
