#include "runtime/ledger_memory.hpp"

#include <cerrno>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/ledger_stripes.hpp"

namespace holdfast {

namespace {

constinit std::mutex mutex;
constinit ledger_memory* newest = nullptr;

} // namespace

std::mutex& ledger_mutex() noexcept { return mutex; }

// Runs around fork; in the child only calls that are safe after a fork of many threads.
struct ledger_fork {
  static void before() noexcept { mutex.lock(); }
  static void in_parent() noexcept { mutex.unlock(); }
  static void in_child() noexcept {
    for (auto* ledger = newest; ledger; ledger = ledger->next_) {
      ledger->forked_.store(true, std::memory_order_relaxed);
      ledger_memory::replace(ledger->control_);
      ledger_memory::replace(ledger->hot_);
      if (ledger->descriptor_ >= 0)
        ::close(ledger->descriptor_);
      ledger->descriptor_ = -1;
    }
    ledger_stripes::forget_all();
    mutex.unlock();
  }
  static void watch() noexcept {
    static const int watching = ::pthread_atfork(before, in_parent, in_child);
    (void)watching;
  }
};

int back_with_storage(int descriptor, std::size_t from, std::size_t bytes) noexcept {
  if (descriptor < 0)
    return 0;
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && from + bytes > limit.rlim_cur)
    return EFBIG;
  int error = EINTR;
  while (error == EINTR)
    error = ::posix_fallocate(descriptor, static_cast<off_t>(from), static_cast<off_t>(bytes));
  return error;
}

ledger_memory::ledger_memory(ledger_layout::geometry where) noexcept : where_{where} {
  ledger_fork::watch();
  const std::lock_guard guard{mutex};
  next_ = newest;
  if (newest)
    newest->previous_ = this;
  newest = this;
}

ledger_memory::~ledger_memory() {
  const std::lock_guard guard{mutex};
  replace(hot_);
  if (control_.memory)
    ::munmap(control_.memory, control_.size);
  if (descriptor_ >= 0)
    ::close(descriptor_);
  (previous_ ? previous_->next_ : newest) = next_;
  if (next_)
    next_->previous_ = previous_;
}

// At one stroke, beside threads that count in it; ThreadSanitizer would take the C library's mmap for a write to it.
// What could not be replaced stays as it is: no worse than before.
void ledger_memory::replace(const range& what) noexcept {
  if (what.memory)
    ::syscall(SYS_mmap, what.memory, what.size, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

// Under the mutex, so that no fork falls between the descriptor and our knowledge of it.
bool ledger_memory::open(const std::string& path, int flags) noexcept {
  const std::lock_guard guard{mutex};
  descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  return descriptor_ >= 0;
}

bool ledger_memory::map_all() noexcept {
  const std::lock_guard guard{mutex};
  const auto from = where_.shared_offset();
  return take_range(control_, ::mmap(nullptr, where_.file_size(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0),
                    where_.file_size())
         && take_range(hot_, ::mmap(nullptr, where_.file_size() - from, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_,
                                    static_cast<off_t>(from)),
                       where_.file_size() - from);
}

bool ledger_memory::map_books() noexcept {
  const std::lock_guard guard{mutex};
  const auto size = where_.stripe_offset(0);
  return take_range(control_, ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0), size);
}

bool ledger_memory::map_anonymous() noexcept {
  const std::lock_guard guard{mutex};
  const auto size = where_.file_size();
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!take_range(control_, memory, size))
    return false;
  // An old size of zero maps the same pages a second time.
  const auto hot = size - where_.shared_offset();
  return take_range(hot_, ::mremap(control_at(where_.shared_offset()), 0, hot, MREMAP_MAYMOVE), hot);
}

bool ledger_memory::take_range(range& into, void* memory, std::size_t size) noexcept {
  if (memory == MAP_FAILED)
    return false;
  into = {static_cast<std::byte*>(memory), size};
  return true;
}

void ledger_memory::stop_counting() noexcept {
  const std::lock_guard guard{mutex};
  replace(hot_);
}

ledger_layout::header& ledger_memory::header() const noexcept {
  return *reinterpret_cast<ledger_layout::header*>(control_at(0));
}

ledger_layout::row& ledger_memory::row(std::uint32_t number) const noexcept {
  return *reinterpret_cast<ledger_layout::row*>(control_at(where_.row_offset(number)));
}

stripe_cell* ledger_memory::shared_cells() const noexcept {
  return reinterpret_cast<stripe_cell*>(control_at(where_.shared_offset()));
}

stripe_cell* ledger_memory::cells(std::uint32_t stripe) const noexcept {
  return reinterpret_cast<stripe_cell*>(control_at(where_.stripe_offset(stripe)));
}

void ledger_memory::add_shared(std::uint32_t row, const ledger_sums& more) noexcept {
  auto& cell = shared_cells()[row + 1];
  cell.added.fetch_add(more.added, std::memory_order_relaxed);
  cell.subtracted.fetch_add(more.subtracted, std::memory_order_relaxed);
}

stripe_cell* ledger_memory::hot_shared_cells() const noexcept {
  return reinterpret_cast<stripe_cell*>(hot_at(where_.shared_offset()));
}

stripe_cell* ledger_memory::hot_cells(std::uint32_t stripe) const noexcept {
  return reinterpret_cast<stripe_cell*>(hot_at(where_.stripe_offset(stripe)));
}

bool ledger_memory::sync() noexcept {
  return descriptor_ < 0 || ::fdatasync(descriptor_) == 0;
}

} // namespace holdfast
