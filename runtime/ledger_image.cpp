#include "runtime/ledger_image.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

namespace holdfast {

namespace layout = ledger_layout;
namespace checks = ledger_checks;

namespace {

using kind = ledger_refusal::kind;

constexpr std::uint32_t rows_per_read = 256;
constexpr std::uint32_t cells_per_read = 8192;
constexpr int tries_beside_a_writer = 5;

// Reading ends the work by throwing it; read_ledger() catches.
struct failure {
  ledger_refusal why;
};

[[noreturn]] void fail(kind what, std::string detail) { throw failure{{what, std::move(detail)}}; }

void read_exactly(int file, void* into, std::size_t bytes, std::size_t from) {
  auto* at = static_cast<char*>(into);
  while (bytes > 0) {
    const auto got = ::pread(file, at, bytes, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      fail(kind::unreadable, std::strerror(errno));
    if (got == 0)
      fail(kind::damaged, "it is truncated");
    at += got;
    from += static_cast<std::size_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

// Whether there is anything but a hole; true where the file system cannot tell.
bool has_data(int file, std::size_t from, std::size_t bytes) {
  const auto data = ::lseek(file, static_cast<off_t>(from), SEEK_DATA);
  return data < 0 ? errno != ENXIO : static_cast<std::size_t>(data) < from + bytes;
}

ledger_image read_header(int file) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0)
    fail(kind::unreadable, std::strerror(errno));
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size < sizeof(layout::header))
    fail(kind::damaged, "it is truncated");
  layout::header head{};
  alignas(layout::header) std::array<std::byte, sizeof head> bytes;
  read_exactly(file, bytes.data(), bytes.size(), 0);
  std::memcpy(static_cast<void*>(&head), bytes.data(), bytes.size());
  if (head.magic != layout::magic)
    fail(kind::damaged, "it is no ledger");
  if (head.byte_order != layout::byte_order)
    fail(kind::damaged, "it was written on a machine of another byte order");
  if (head.version != layout::version)
    fail(kind::damaged, "it has format version " + std::to_string(head.version) + ", this program knows "
                          + std::to_string(layout::version));
  const auto last_written = checks::unpack_time(head.last_written.load(std::memory_order_relaxed));
  const auto store = checks::store_in(head);
  if (head.checksum != checks::header_checksum(head) || !last_written || !store || head.capacity > layout::capacity_max
      || head.stripes > layout::stripes_max)
    fail(kind::damaged, "its header is damaged");
  const layout::geometry where{head.capacity, head.stripes};
  if (where.file_size() != size)
    fail(kind::damaged, "it has " + std::to_string(size) + " bytes where its header tells "
                          + std::to_string(where.file_size()));
  return {where, head.writer, std::string{*store}, head.owner, head.created_seconds, *last_written, {}, {}};
}

checks::kept_bookkeeping read_bookkeeping(int file, const layout::geometry& where, std::uint32_t number,
                                          const layout::row& row, bool settled) {
  auto kept = checks::newest_of(row.bookkeeping);
  for (int tries = 0; kept.damaged && !settled && tries < tries_beside_a_writer; ++tries) {
    std::array<layout::bookkeeping_slot, 2> again;
    read_exactly(file, again.data(), sizeof again, where.row_offset(number) + offsetof(layout::row, bookkeeping));
    kept = checks::newest_of(again);
  }
  if (kept.damaged)
    fail(kind::damaged, "the bookkeeping of row " + std::to_string(number) + " is damaged");
  return kept;
}

void read_rows(int file, ledger_image& image, bool settled) {
  const auto buffer = std::make_unique<layout::row[]>(rows_per_read);
  for (std::uint32_t first = 0; first < image.where.capacity; first += rows_per_read) {
    const auto count = std::min(rows_per_read, image.where.capacity - first);
    if (!has_data(file, image.where.row_offset(first), count * sizeof(layout::row)))
      continue;
    read_exactly(file, buffer.get(), count * sizeof(layout::row), image.where.row_offset(first));
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto& row = buffer[i];
      const auto number = first + i;
      const auto checksum = row.checksum.load(std::memory_order_relaxed);
      // Unused, or its owner died before it was whole: nobody has counted in it.
      if (checksum == 0)
        continue;
      if (row.key_length == 0 || row.key_length > layout::key_bytes_max
          || checksum != checks::row_checksum(number, {row.key.data(), row.key_length}))
        fail(kind::damaged, "the name of row " + std::to_string(number) + " is damaged");
      image.rows.push_back({number, std::string{row.key.data(), row.key_length}, {},
                            read_bookkeeping(file, image.where, number, row, settled)});
    }
  }
}

// The sums of every row, the overflow row's first.
std::vector<ledger_sums> read_stripes(int file, const layout::geometry& where) {
  std::vector<ledger_sums> sums(std::size_t{where.capacity} + 1);
  const auto buffer = std::make_unique<stripe_cell[]>(cells_per_read);
  for (std::uint32_t stripe = 0; stripe <= where.stripes; ++stripe) {
    const auto from = where.shared_offset() + stripe * where.stripe_bytes();
    if (!has_data(file, from, where.stripe_bytes()))
      continue;
    for (std::size_t first = 0; first < sums.size(); first += cells_per_read) {
      const auto count = std::min<std::size_t>(cells_per_read, sums.size() - first);
      read_exactly(file, buffer.get(), count * sizeof(stripe_cell), from + first * sizeof(stripe_cell));
      for (std::size_t i = 0; i < count; ++i) {
        sums[first + i].added += buffer[i].added.load(std::memory_order_relaxed);
        sums[first + i].subtracted += buffer[i].subtracted.load(std::memory_order_relaxed);
      }
    }
  }
  return sums;
}

void check_that_all_are_named(const ledger_image& image, std::vector<ledger_sums> sums) {
  for (const auto& row : image.rows)
    sums[row.number + 1] = {};
  for (std::uint32_t number = 0; number < image.where.capacity; ++number)
    if (sums[number + 1] != ledger_sums{})
      fail(kind::damaged, "row " + std::to_string(number) + " has counted but has no name");
}

} // namespace

expected<ledger_image, ledger_refusal> read_ledger(int descriptor, bool settled) {
  try {
    auto image = read_header(descriptor);
    // Rows before stripes: beside a running owner the sums are then never behind the bookkeeping.
    read_rows(descriptor, image, settled);
    auto sums = read_stripes(descriptor, image.where);
    for (auto& row : image.rows)
      row.sums = sums[row.number + 1];
    image.overflow = sums.front();
    if (settled)
      check_that_all_are_named(image, std::move(sums));
    return image;
  } catch (const failure& caught) {
    return unexpected{caught.why};
  } catch (const std::bad_alloc&) {
    return unexpected{ledger_refusal{kind::unreadable, "there is no memory to read it"}};
  }
}

} // namespace holdfast
