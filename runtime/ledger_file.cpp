#include "runtime/ledger_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <new>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger_folder.hpp"
#include "runtime/ledger_image.hpp"
#include "runtime/ledger_stripes.hpp"
#include "runtime/machine.hpp"

namespace holdfast {

namespace layout = ledger_layout;
namespace checks = ledger_checks;

namespace {

constexpr std::uint32_t rows_backed_at_once = 1024;
constexpr std::int64_t outdated_after_seconds = 25 * 24 * 3600;

std::string system_error(const std::string& what, int error = errno) { return what + ": " + std::strerror(error); }

layout::geometry geometry_for(std::uint32_t capacity, std::uint32_t stripes) noexcept {
  return {std::clamp(capacity, 1u, layout::capacity_max), std::min(stripes, layout::stripes_max)};
}

// Asking the kernel for more than the process may write would end it by SIGXFSZ.
int set_size(int descriptor, std::size_t bytes) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
    return EFBIG;
  return ::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
}

// As a header has room for.
std::string ledger_store_name(std::string_view store) {
  if (store.size() <= layout::store_bytes_max)
    return std::string{store};
  return std::string{store.substr(0, layout::store_bytes_max - 17)} + ' ' + digest_of(store);
}

bool lock_patiently(int descriptor) noexcept {
  while (::flock(descriptor, LOCK_EX) != 0)
    if (errno != EINTR)
      return false;
  return true;
}

// Whether the path still names the file that is open.
bool is_still(const std::string& path, int descriptor) noexcept {
  struct stat named {};
  struct stat opened {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 && named.st_ino == opened.st_ino
         && named.st_dev == opened.st_dev;
}

} // namespace

// Kept in memory as well, since every pass over the rows asks for them.
struct ledger_file::books {
  std::vector<checks::kept_bookkeeping> kept; // as far as any was written
  std::vector<std::uint32_t> numbers;         // adopted: of the rows in use
  std::vector<ledger_sums> sums;              // adopted: nobody counts in it any more
  ledger_sums overflow;                       // adopted

  std::uint32_t number_of(std::uint32_t row) const noexcept { return numbers.empty() ? row : numbers[row]; }
};

ledger_file::ledger_file(std::unique_ptr<ledger_memory> memory)
  : memory_{std::move(memory)}, books_{std::make_unique<books>()} {}

ledger_file::~ledger_file() = default;

expected<std::unique_ptr<ledger_file>, std::string>
ledger_file::create(const std::string& folder, std::uint32_t capacity, std::uint32_t stripes, std::string_view store) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return unexpected{system_error(folder)};
  auto memory = std::make_unique<ledger_memory>(geometry_for(capacity, stripes));
  const auto& where = memory->geometry();
  const auto id = random_ledger_id();
  const auto unfinished = folder + '/' + to_text(id) + ".new";
  if (!memory->open(unfinished, O_RDWR | O_CREAT | O_EXCL))
    return unexpected{system_error(unfinished)};
  const auto give_up = [&](int error) -> expected<std::unique_ptr<ledger_file>, std::string> {
    ::unlink(unfinished.c_str());
    return unexpected{system_error(unfinished, error)};
  };
  // Whoever cleans up after others holds it for a moment at most.
  if (!lock_patiently(memory->descriptor()))
    return give_up(errno);
  if (const int error = set_size(memory->descriptor(), where.file_size()); error != 0)
    return give_up(error);
  if (const int error = back_with_storage(memory->descriptor(), where.shared_offset(), where.stripe_bytes()); error != 0)
    return give_up(error);
  std::unique_ptr<ledger_file> file{new ledger_file{std::move(memory)}};
  if (const int error = back_with_storage(file->memory_->descriptor(), 0, layout::rows_offset); error != 0)
    return give_up(error);
  if (!file->back_rows(1))
    return give_up(ENOSPC);
  if (!file->memory_->map_all())
    return give_up(errno);
  file->writer_ = id;
  file->path_ = folder + '/' + to_text(id) + ".ledger";
  file->write_header(ledger_store_name(store));
  // Nobody adopts it half-made: it gets its name when it is whole and locked.
  if (::rename(unfinished.c_str(), file->path_.c_str()) != 0)
    return give_up(errno);
  file->start_counting();
  return file;
}

std::unique_ptr<ledger_file> ledger_file::anonymous(std::uint32_t capacity, std::uint32_t stripes) {
  auto memory = std::make_unique<ledger_memory>(geometry_for(capacity, stripes));
  if (!memory->map_anonymous())
    throw std::bad_alloc{};
  std::unique_ptr<ledger_file> file{new ledger_file{std::move(memory)}};
  file->backed_rows_ = file->capacity();
  file->writer_ = random_ledger_id();
  file->write_header({});
  file->start_counting();
  return file;
}

expected<std::unique_ptr<ledger_file>, ledger_refusal> ledger_file::adopt(const std::string& path, std::int64_t now_seconds,
                                                                          std::string_view store) {
  using kind = ledger_refusal::kind;
  auto memory = std::make_unique<ledger_memory>(layout::geometry{});
  if (!memory->open(path, O_RDWR))
    return unexpected{ledger_refusal{errno == ENOENT ? kind::in_use : kind::unreadable, std::strerror(errno)}};
  // Its owner lives; or its owner, or another adopter, has deleted or moved it between our open and our lock.
  if (::flock(memory->descriptor(), LOCK_EX | LOCK_NB) != 0 || !is_still(path, memory->descriptor()))
    return unexpected{ledger_refusal{kind::in_use, "it is in use"}};
  const auto refuse = [&](ledger_refusal why) -> expected<std::unique_ptr<ledger_file>, ledger_refusal> {
    if (why.what == kind::damaged || why.what == kind::outdated)
      set_ledger_aside(path);
    return unexpected{std::move(why)};
  };
  auto image = read_ledger(memory->descriptor(), true);
  if (!image)
    return refuse(image.error());
  if (std::filesystem::path{path}.stem() != to_text(image->writer))
    return refuse({kind::damaged, "its name is not that of its writer, " + to_text(image->writer)});
  if (!store.empty() && !image->store.empty() && image->store != ledger_store_name(store))
    return refuse({kind::of_another_store, image->store});
  if (now_seconds - image->last_written_seconds > outdated_after_seconds)
    return refuse({kind::outdated, "it was last written more than 25 days ago: the store may not know any more what of "
                                   "it was merged"});
  memory->set_geometry(image->where);
  // A copy may have got holes where there were zeros.
  const auto books_end = image->where.row_offset(image->rows.empty() ? 0 : image->rows.back().number + 1);
  int error = back_with_storage(memory->descriptor(), 0, books_end);
  if (error == 0)
    error = back_with_storage(memory->descriptor(), image->where.shared_offset(), image->where.stripe_bytes());
  if (error == 0 && !memory->map_books())
    error = errno;
  if (error != 0)
    return refuse({kind::unreadable, std::strerror(error)});
  std::unique_ptr<ledger_file> file{new ledger_file{std::move(memory)}};
  file->path_ = path;
  file->take(std::move(*image));
  return file;
}

void ledger_file::write_header(std::string_view store) noexcept {
  owner_ = ::getpid();
  const auto now = std::time(nullptr);
  auto& head = memory_->header();
  head.magic = layout::magic;
  head.version = layout::version;
  head.byte_order = layout::byte_order;
  head.capacity = memory_->geometry().capacity;
  head.stripes = memory_->geometry().stripes;
  head.writer = writer_;
  head.created_seconds = now;
  head.owner = owner_;
  head.checksum = checks::header_checksum(head);
  std::copy(store.begin(), store.end(), head.store.begin());
  head.store_checksum = checks::store_checksum(head);
  head.last_written.store(checks::pack_time(now), std::memory_order_relaxed);
}

void ledger_file::start_counting() { stripes_ = std::make_unique<ledger_stripes>(*memory_); }

void ledger_file::take(ledger_image image) {
  writer_ = image.writer;
  owner_ = image.owner;
  books_->overflow = image.overflow;
  for (auto& row : image.rows) {
    books_->numbers.push_back(row.number);
    books_->sums.push_back(row.sums);
    books_->kept.push_back(row.kept);
  }
  row_count_.store(static_cast<std::uint32_t>(image.rows.size()), std::memory_order_release);
}

std::uint32_t ledger_file::capacity() const noexcept { return memory_->geometry().capacity; }
bool ledger_file::forked() const noexcept { return memory_->forked(); }

std::string_view ledger_file::key(std::uint32_t row) const noexcept {
  const auto& cell = memory_->row(books_->number_of(row));
  return {cell.key.data(), std::min<std::size_t>(cell.key_length, layout::key_bytes_max)};
}

ledger_sums ledger_file::sums(std::uint32_t row) const noexcept {
  return stripes_ ? stripes_->sums(row) : books_->sums[row];
}

ledger_sums ledger_file::overflow() const noexcept {
  return stripes_ ? stripes_->sums(std::nullopt) : books_->overflow;
}

row_bookkeeping ledger_file::bookkeeping(std::uint32_t row) const noexcept {
  return row < books_->kept.size() ? books_->kept[row].content : row_bookkeeping{};
}

void ledger_file::set_bookkeeping(std::uint32_t row, const row_bookkeeping& next) noexcept {
  if (row >= books_->kept.size())
    books_->kept.resize(row + 1);
  checks::write_next(memory_->row(books_->number_of(row)).bookkeeping, books_->kept[row], next);
  renew();
}

void ledger_file::renew() noexcept {
  if (stripes_)
    memory_->header().last_written.store(checks::pack_time(std::time(nullptr)), std::memory_order_relaxed);
}

bool ledger_file::outdated(std::int64_t now_seconds) const noexcept {
  const auto last = checks::unpack_time(memory_->header().last_written.load(std::memory_order_relaxed));
  return last && now_seconds - *last > outdated_after_seconds;
}

void ledger_file::raise(std::uint32_t row, const ledger_sums& least) noexcept {
  const auto now = sums(row);
  const ledger_sums more{least.added > now.added ? least.added - now.added : 0,
                         least.subtracted > now.subtracted ? least.subtracted - now.subtracted : 0};
  memory_->add_shared(books_->number_of(row), more);
  if (!stripes_) {
    books_->sums[row].added += more.added;
    books_->sums[row].subtracted += more.subtracted;
  }
}

// Rows are backed some at a time, so that a large capacity costs only what is used of it.
bool ledger_file::back_rows(std::uint32_t up_to) noexcept {
  if (up_to <= backed_rows_)
    return true;
  const auto& where = memory_->geometry();
  const auto last = std::min(where.capacity, backed_rows_ + rows_backed_at_once);
  const auto from = where.row_offset(backed_rows_);
  if (back_with_storage(memory_->descriptor(), from, where.row_offset(last) - from) != 0)
    return false;
  backed_rows_ = last;
  return true;
}

std::optional<std::uint32_t> ledger_file::append(std::string_view key) noexcept {
  const auto number = row_count();
  if (number >= capacity() || key.empty() || key.size() > layout::key_bytes_max || forked() || !back_rows(number + 1))
    return std::nullopt;
  auto& row = memory_->row(number);
  std::memcpy(row.key.data(), key.data(), key.size());
  row.key_length = static_cast<std::uint32_t>(key.size());
  row.checksum.store(checks::row_checksum(number, key), std::memory_order_release);
  row_count_.store(number + 1, std::memory_order_release);
  return number;
}

counter ledger_file::handle(std::optional<std::uint32_t> row) const noexcept {
  return stripes_ ? stripes_->handle(row) : counter{};
}

void ledger_file::stop_counting() noexcept {
  if (stripes_)
    stripes_->stop();
}

void ledger_file::remove() noexcept {
  if (!path_.empty() && !forked() && is_still(path_, memory_->descriptor()))
    ::unlink(path_.c_str());
}

bool ledger_file::sync() noexcept { return memory_->sync(); }

} // namespace holdfast
