#include "runtime/whole_file.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace holdfast {

namespace {

class descriptor {
public:
  explicit descriptor(int handle) noexcept : handle_{handle} {}
  ~descriptor() {
    if (handle_ >= 0)
      ::close(handle_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  explicit operator bool() const noexcept { return handle_ >= 0; }
  int get() const noexcept { return handle_; }

private:
  int handle_;
};

bool write_new(const std::string& path, std::string_view text) {
  const descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  while (file && !text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return static_cast<bool>(file);
}

} // namespace

bool replace_file(const std::string& path, std::string_view text) {
  static std::atomic<std::uint64_t> number{0}; // two engines of one process may write the same file
  const auto fresh = path + '.' + std::to_string(::getpid()) + '.' + std::to_string(number.fetch_add(1, std::memory_order_relaxed));
  if (write_new(fresh, text) && std::rename(fresh.c_str(), path.c_str()) == 0)
    return true;
  ::unlink(fresh.c_str());
  return false;
}

std::string read_beginning(const std::string& path, std::size_t most) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  std::string text(file ? most : 0, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const auto got = ::read(file.get(), text.data() + length, text.size() - length);
    if (got < 0)
      return {};
    if (got == 0)
      break;
    length += static_cast<std::size_t>(got);
  }
  text.resize(length);
  return text;
}

} // namespace holdfast
