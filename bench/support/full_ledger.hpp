// A ledger as full as can be, for benchmarks: 4,096 rows, every one of 64 stripes taken.
#pragma once

#include <barrier>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/counter_ledger.hpp"

namespace holdfast::bench {

inline constexpr std::uint32_t full_rows = 4096;

// One type alone may not take all rows.
inline std::string full_ledger_key(std::uint32_t row) {
  return (row % 2 == 0 ? "metrics:bench:row_" : "metrics:bench_more:row_") + std::to_string(row);
}

// Each of 64 threads, all alive at once, counts `each` in every row.
inline void fill(counter_ledger& ledger, std::int64_t each) {
  std::barrier all_count{64};
  std::vector<std::thread> threads;
  for (int t = 0; t < 64; ++t)
    threads.emplace_back([&] {
      for (std::uint32_t row = 0; row < full_rows; ++row)
        ledger.add(full_ledger_key(row), each);
      all_count.arrive_and_wait();
    });
  for (auto& thread : threads)
    thread.join();
}

// The path of one that a dead process left in `folder`; nothing of it was told to any store.
inline std::string leave_full_ledger(const std::string& folder) {
  const auto ledger = counter_ledger::open(folder, full_rows);
  fill(*ledger, 1);
  return ledger->file().path();
}

} // namespace holdfast::bench
