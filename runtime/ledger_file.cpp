#include "runtime/ledger_file.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger_layout.hpp"

namespace holdfast {

namespace layout = ledger_layout;

namespace {

std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

// FNV-1a: the checksums are against torn writes and bit rot, not against an enemy.
std::uint64_t hash(const void* data, std::size_t bytes, std::uint64_t seed = 0xcbf29ce484222325u) noexcept {
  for (const auto* at = static_cast<const unsigned char*>(data); bytes > 0; ++at, --bytes)
    seed = (seed ^ *at) * 0x100000001b3u;
  return seed;
}

std::uint32_t header_checksum(const layout::header& head) noexcept {
  auto sum = hash(&head, offsetof(layout::header, checksum));
  sum = hash(&head.writer, sizeof head.writer, sum);
  return static_cast<std::uint32_t>(sum ^ sum >> 32);
}

std::uint32_t key_checksum(const layout::row& row) noexcept {
  const auto sum = hash(row.key.data(), row.key_length, hash(&row.key_length, sizeof row.key_length));
  return static_cast<std::uint32_t>(sum ^ sum >> 32);
}

std::uint64_t slot_checksum(const layout::bookkeeping_slot& slot) noexcept {
  return hash(&slot, offsetof(layout::bookkeeping_slot, checksum));
}

layout::row* rows_of(void* memory) noexcept {
  return reinterpret_cast<layout::row*>(static_cast<char*>(memory) + layout::rows_offset);
}

void write_header(void* memory, std::uint32_t capacity) noexcept {
  auto& head = *static_cast<layout::header*>(memory);
  head.magic = layout::magic;
  head.version = layout::version;
  head.byte_order = layout::byte_order;
  head.capacity = capacity;
  head.writer = random_ledger_id();
  head.created_seconds = std::time(nullptr);
  head.owner = ::getpid();
  head.checksum = header_checksum(head);
}

// The newer of the two slots that is whole; none where neither is.
const layout::bookkeeping_slot* newest_slot(const layout::row& row) noexcept {
  const layout::bookkeeping_slot* newest = nullptr;
  for (const auto& slot : row.bookkeeping)
    if (slot.sequence > 0 && slot.checksum == slot_checksum(slot) && (!newest || slot.sequence > newest->sequence))
      newest = &slot;
  return newest;
}

std::string find_damage(void* memory, std::size_t size) {
  const auto& head = *static_cast<const layout::header*>(memory);
  if (head.magic != layout::magic)
    return "it is no ledger";
  if (head.byte_order != layout::byte_order)
    return "it was written on a machine of another byte order";
  if (head.version != layout::version)
    return "it has format version " + std::to_string(head.version) + ", this program knows "
           + std::to_string(layout::version);
  if (head.checksum != header_checksum(head))
    return "its header is damaged";
  if (layout::file_size(head.capacity) != size)
    return "it has " + std::to_string(size) + " bytes where its header tells "
           + std::to_string(layout::file_size(head.capacity));
  const auto count = head.rows.load(std::memory_order_acquire);
  if (count > head.capacity)
    return "it tells more rows than it can hold";
  for (std::uint32_t i = 1; i <= count; ++i) {
    const auto& row = rows_of(memory)[i];
    if (row.key_length == 0 || row.key_length > layout::key_bytes_max || row.checksum != key_checksum(row))
      return "the name of row " + std::to_string(i) + " is damaged";
    const bool ever_written = row.bookkeeping[0].sequence > 0 || row.bookkeeping[1].sequence > 0;
    if (ever_written && !newest_slot(row))
      return "the bookkeeping of row " + std::to_string(i) + " is damaged";
  }
  return {};
}

struct opened {
  void* memory;
  std::size_t size;
  int descriptor;
};

expected<opened, ledger_refusal> open_existing(const std::string& path, bool to_adopt) {
  using kind = ledger_refusal::kind;
  const int file = ::open(path.c_str(), (to_adopt ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (file < 0)
    return unexpected{ledger_refusal{kind::unreadable, system_error(path)}};
  const auto refuse = [&](kind what, std::string detail) -> expected<opened, ledger_refusal> {
    ::close(file);
    return unexpected{ledger_refusal{what, std::move(detail)}};
  };
  if (to_adopt && ::flock(file, LOCK_EX | LOCK_NB) != 0)
    return refuse(kind::in_use, path + " is in use");
  struct stat facts {};
  if (::fstat(file, &facts) != 0)
    return refuse(kind::unreadable, system_error(path));
  // Its owner, or another adopter, has deleted it between our open and our lock.
  if (facts.st_nlink == 0)
    return refuse(kind::in_use, path + " is gone");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size < layout::file_size(0))
    return refuse(kind::damaged, path + ": it is truncated");
  void* memory = ::mmap(nullptr, size, PROT_READ | (to_adopt ? PROT_WRITE : 0), MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return refuse(kind::unreadable, system_error(path));
  if (auto damage = find_damage(memory, size); !damage.empty()) {
    ::munmap(memory, size);
    return refuse(kind::damaged, path + ": " + damage);
  }
  return opened{memory, size, file};
}

} // namespace

ledger_id random_ledger_id() {
  ledger_id id{};
  while (!is_set(id))
    (void)::getrandom(id.data(), id.size(), 0);
  return id;
}

bool is_set(const ledger_id& id) noexcept { return id != ledger_id{}; }

std::string to_text(const ledger_id& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  if (!is_set(id))
    return text;
  for (const auto byte : id) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

ledger_id ledger_id_from(std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  ledger_id id{};
  if (text.size() != 2 * id.size())
    return id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto high = digits.find(text[2 * i]);
    const auto low = digits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return {};
    id[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

ledger_file::ledger_file(void* memory, std::size_t size, int descriptor, std::string path)
  : memory_{memory}, size_{size}, descriptor_{descriptor}, path_{std::move(path)} {}

expected<std::unique_ptr<ledger_file>, std::string> ledger_file::create(const std::string& folder, std::uint32_t capacity) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return unexpected{system_error(folder)};
  const auto size = layout::file_size(capacity);
  const auto name = to_text(random_ledger_id());
  const auto unfinished = folder + '/' + name + ".new";
  const auto path = folder + '/' + name + ".ledger";
  const int file = ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return unexpected{system_error(unfinished)};
  const auto give_up = [&](std::string why) -> expected<std::unique_ptr<ledger_file>, std::string> {
    ::close(file);
    ::unlink(unfinished.c_str());
    return unexpected{std::move(why)};
  };
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return give_up(system_error(unfinished));
  // A store into a hole of a full disk would be SIGBUS: every page is backed before it is handed out.
  if (const int error = ::posix_fallocate(file, 0, static_cast<off_t>(size)); error != 0)
    return give_up(unfinished + ": " + std::strerror(error));
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return give_up(system_error(unfinished));
  write_header(memory, capacity);
  // Nobody adopts it half-made: it gets its name when it is whole and locked.
  if (::rename(unfinished.c_str(), path.c_str()) != 0) {
    ::munmap(memory, size);
    return give_up(system_error(path));
  }
  return std::unique_ptr<ledger_file>{new ledger_file{memory, size, file, path}};
}

std::unique_ptr<ledger_file> ledger_file::anonymous(std::uint32_t capacity) {
  const auto size = layout::file_size(capacity);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  write_header(memory, capacity);
  return std::unique_ptr<ledger_file>{new ledger_file{memory, size, -1, {}}};
}

expected<std::unique_ptr<ledger_file>, ledger_refusal> ledger_file::adopt(const std::string& path) {
  auto file = open_existing(path, true);
  if (!file)
    return unexpected{file.error()};
  return std::unique_ptr<ledger_file>{new ledger_file{file->memory, file->size, file->descriptor, path}};
}

expected<std::unique_ptr<ledger_file>, ledger_refusal> ledger_file::view(const std::string& path) {
  auto file = open_existing(path, false);
  if (!file)
    return unexpected{file.error()};
  return std::unique_ptr<ledger_file>{new ledger_file{file->memory, file->size, file->descriptor, path}};
}

ledger_file::~ledger_file() {
  // Handles may outlive us: their cells become private memory that nobody reads; the addresses are never reused.
  ::mmap(memory_, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

layout::header& ledger_file::head() const noexcept { return *static_cast<layout::header*>(memory_); }

const ledger_id& ledger_file::writer() const noexcept { return head().writer; }
std::int64_t ledger_file::owner_process() const noexcept { return head().owner; }
std::uint32_t ledger_file::capacity() const noexcept { return head().capacity; }
std::uint32_t ledger_file::row_count() const noexcept { return head().rows.load(std::memory_order_acquire); }

layout::row& ledger_file::cells(std::optional<std::uint32_t> row) const noexcept {
  return rows_of(memory_)[row ? *row + 1 : 0];
}

std::string_view ledger_file::key(std::uint32_t row) const noexcept {
  const auto& cell = cells(row);
  return {cell.key.data(), cell.key_length};
}

ledger_sums ledger_file::sums(std::uint32_t row) const noexcept {
  const auto& cell = cells(row);
  return {cell.added.load(std::memory_order_relaxed), cell.subtracted.load(std::memory_order_relaxed)};
}

row_bookkeeping ledger_file::bookkeeping(std::uint32_t row) const noexcept {
  const auto* slot = newest_slot(cells(row));
  return slot ? slot->content : row_bookkeeping{};
}

void ledger_file::set_bookkeeping(std::uint32_t row, const row_bookkeeping& next) noexcept {
  auto& slots = cells(row).bookkeeping;
  auto& older = slots[0].sequence <= slots[1].sequence ? slots[0] : slots[1];
  const auto& newer = &older == &slots[0] ? slots[1] : slots[0];
  older.checksum = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  older.content = next;
  older.sequence = newer.sequence + 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  older.checksum = slot_checksum(older);
}

void ledger_file::raise(std::uint32_t row, const ledger_sums& least) noexcept {
  auto& cell = cells(row);
  const auto now = sums(row);
  if (least.added > now.added)
    cell.added.fetch_add(least.added - now.added, std::memory_order_relaxed);
  if (least.subtracted > now.subtracted)
    cell.subtracted.fetch_add(least.subtracted - now.subtracted, std::memory_order_relaxed);
}

std::optional<std::uint32_t> ledger_file::append(std::string_view key) noexcept {
  const auto row = row_count();
  if (row >= capacity() || key.empty() || key.size() > layout::key_bytes_max)
    return std::nullopt;
  auto& cell = cells(row);
  std::memcpy(cell.key.data(), key.data(), key.size());
  cell.key_length = static_cast<std::uint16_t>(key.size());
  cell.checksum = key_checksum(cell);
  head().rows.store(row + 1, std::memory_order_release);
  return row;
}

void ledger_file::remove() noexcept {
  if (!path_.empty())
    ::unlink(path_.c_str());
}

} // namespace holdfast
