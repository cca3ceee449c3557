// Private to symbol_table_builder: owns the text that symbols point to; equal shared texts are kept once.
//
// Bounds  a shared text of at most 2^32 - 1 bytes. Blocks are small, so that a table's memory is little more than its
//         text.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <holdfast/runtime/shared_text.hpp>

namespace holdfast {

class text_arena {
public:
  using block = std::unique_ptr<char[]>;

  // A copy of its own, not shared.
  std::string_view keep(std::string_view text);

  // Empty where the text is not clean UTF-8.
  shared_text intern(std::string_view text);

  std::size_t bytes() const noexcept { return bytes_; }
  std::vector<block> take_blocks() noexcept { return std::move(blocks_); }

private:
  char* allocate(std::size_t size, std::size_t alignment);
  const text_record* make_record(std::string_view text, std::uint64_t hash);
  void grow();

  std::vector<block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
  std::vector<const text_record*> known_; // open addressing, a power of two long
  std::size_t count_ = 0;
};

} // namespace holdfast
