#include "runtime/ledger_view.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>

#include "runtime/ledger_image.hpp"
#include "runtime/ledger_memory.hpp"

namespace holdfast {

expected<ledger_view, std::string> ledger_view::open(const std::string& path) {
  ledger_memory file{{}};
  if (!file.open(path, O_RDONLY))
    return unexpected{path + ": " + std::strerror(errno)};
  // Asked and let go at once: an adopter that comes in between tries again.
  const bool free = ::flock(file.descriptor(), LOCK_SH | LOCK_NB) == 0;
  if (free)
    ::flock(file.descriptor(), LOCK_UN);
  auto image = read_ledger(file.descriptor(), free);
  if (!image)
    return unexpected{path + ": " + image.error().detail};
  ledger_view view;
  view.writer = image->writer;
  view.store = image->store;
  view.owner_process = image->owner;
  view.owned = !free;
  view.created_seconds = image->created_seconds;
  view.last_written_seconds = image->last_written_seconds;
  view.capacity = image->where.capacity;
  view.stripes = image->where.stripes;
  view.overflow = image->overflow;
  for (auto& row : image->rows) {
    const auto& book = row.kept.content;
    view.rows.push_back({std::move(row.key),
                         row.sums,
                         {book.merged.added + book.carried.added, book.merged.subtracted + book.carried.subtracted}});
  }
  return view;
}

} // namespace holdfast
