// A host that is a shared object with the library inside, loaded at run time: what an increment costs from there.
#include <memory>

#include <benchmark/benchmark.h>

#include "runtime/counter_ledger.hpp"

namespace {

std::shared_ptr<holdfast::counter_ledger> ledger;
holdfast::counter hits;

} // namespace

extern "C" void host_open() {
  ledger = holdfast::counter_ledger::anonymous(4096);
  hits = ledger->handle("metrics:bench:shared_object");
}

extern "C" void host_count(std::size_t times) {
  const auto local = hits;
  for (; times > 0; --times) {
    local.incr();
    benchmark::ClobberMemory();
  }
}

extern "C" unsigned long long host_counted() { return ledger->file().sums(0).added; }
extern "C" void host_close() { ledger.reset(); }
