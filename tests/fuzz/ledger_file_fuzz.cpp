// A ledger that somebody has had his hands in: the input is a list of changes to a sound file (where, how many bytes,
// which), of cuts, and of checksums made right again. No crash; the image, the view and the adopter say the same of it, and
// a file that nobody changed is whole.
#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/ledger_checks.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/ledger_image.hpp"
#include "runtime/ledger_view.hpp"
#include "runtime/log.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using fuzz::expect;
namespace layout = ledger_layout;

constexpr std::uint32_t capacity = 4;
constexpr std::uint32_t rows = 3;

struct sound_ledger {
  std::string name;
  std::string bytes;
};

sound_ledger make_ledger() {
  const test::temporary_folder folder;
  auto file = ledger_file::create(folder.path(), capacity, 1);
  expect(file.has_value(), "no ledger");
  for (std::uint32_t i = 0; i < rows; ++i) {
    const auto row = (*file)->append("metrics:fuzz:k" + std::to_string(i));
    (*file)->handle(row).incr(10 + i);
    (*file)->set_bookkeeping(*row, {});
  }
  std::ostringstream bytes;
  bytes << std::ifstream{(*file)->path(), std::ios::binary}.rdbuf();
  return {std::filesystem::path{(*file)->path()}.filename(), bytes.str()};
}

void mend_header(std::string& bytes) {
  layout::header head{};
  if (bytes.size() < sizeof head)
    return;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  head.checksum = ledger_checks::header_checksum(head);
  std::memcpy(bytes.data(), static_cast<const void*>(&head), sizeof head);
}

void mend_row(std::string& bytes, std::uint32_t number) {
  const auto at = layout::geometry{capacity, 1}.row_offset(number);
  layout::row row{};
  if (bytes.size() < at + sizeof row)
    return;
  std::memcpy(static_cast<void*>(&row), bytes.data() + at, sizeof row);
  if (row.key_length > row.key.size())
    return;
  row.checksum = ledger_checks::row_checksum(number, {row.key.data(), row.key_length});
  std::memcpy(bytes.data() + at, static_cast<const void*>(&row), sizeof row);
}

// Whether anything was done.
bool change(std::string& bytes, fuzz::input_reader& reader) {
  const auto untouched = bytes;
  while (!reader.empty()) {
    const auto what = reader.byte() % 8;
    const auto where = reader.number(3);
    if (what == 0)
      bytes.resize(std::min<std::size_t>(where, bytes.size() + 4096));
    else if (what == 1)
      mend_header(bytes);
    else if (what == 2)
      mend_row(bytes, where % capacity);
    else if (const auto with = reader.bytes(reader.byte() % 32); where % (1u << 18) + with.size() <= bytes.size())
      with.copy(bytes.data() + where % (1u << 18), with.size());
  }
  return bytes != untouched;
}

void check(std::string_view input) {
  static const sound_ledger sound = make_ledger();
  static const test::temporary_folder folder;
  static const std::string path = folder.file(sound.name);
  auto bytes = sound.bytes;
  fuzz::input_reader reader{input};
  const bool changed = change(bytes, reader);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  expect(::pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "no room for a ledger");
  const auto image = read_ledger(file, true);
  (void)read_ledger(file, false);
  ::close(file);
  const auto view = ledger_view::open(path);
  expect(view.has_value() == image.has_value(), "image and view differ");
  const auto adopted = ledger_file::adopt(path, std::time(nullptr));
  std::filesystem::remove_all(folder.file("set-aside"));
  expect(!adopted || image, "a ledger is adopted that has no image");
  expect(changed || adopted, "a sound ledger is refused");
  if (!image)
    return;
  expect(changed || image->rows.size() == rows, "a sound ledger has lost a row");
  for (const auto& row : image->rows)
    expect(row.number < image->where.capacity && !row.key.empty() && row.key.size() <= layout::key_bytes_max, "an impossible row");
  expect(!adopted || (*adopted)->row_count() >= image->rows.size(), "an adopter has lost a row");
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  holdfast::logger()->set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
