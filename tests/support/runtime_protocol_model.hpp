// Writers of one counter and the store that they merge it into, with everything that can go wrong between them, driven by
// one seed. The decisions are production's (counter_protocol.hpp); the store is a map that does what the script does.
//
// The store of the model knows one thing that no real one does: how much of its counter each process has brought.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/runtime_protocol_row.hpp"

namespace holdfast::test {

class protocol_model {
public:
  // What may happen besides processes that count, merge and end.
  struct faults {
    bool messages = true;    // lost, doubled, late, out of order
    bool deaths = false;     // processes die and leave their file to adopters, who die too
    bool copies = false;     // a file is copied while its owner lives on
    bool power_loss = false; // what a dead process leaves is of an earlier moment, in whole or in part
    bool emptied = false;    // FLUSHALL
    bool rollbacks = false;  // a replica that missed writes takes over
    bool rivals = false;     // plain INCRBY
    bool deletions = false;  // DEL of the counter
    bool evictions = false;  // of the record alone, of the store's epoch alone
    bool forgets = false;    // retired writers, once nobody's file can still be under their id
  };

  protocol_model(faults what, std::uint64_t seed);

  void step();
  // Faults end, everybody merges. False where there is no end to it.
  bool settle();

  // Some process's increments are in the store more often than it counted them. Empty: no.
  const std::string& doubled() const { return doubled_; }
  // Some process's increments are not in the store although it has come to rest. Empty: no.
  std::string lost() const;
  std::uint64_t ambiguous() const { return ambiguous_; }
  // The last things that happened.
  std::string story() const;

private:
  struct store {
    std::optional<std::int64_t> counter;
    std::string generation;
    std::map<std::string, std::string> fields;
    ledger_id epoch = random_ledger_id();
    std::uint64_t era = 0; // counts how often it was emptied
    std::map<std::size_t, std::int64_t> brought; // by process
  };
  struct ledger {
    std::uint64_t name = 0;
    std::size_t process = 0; // whose counts it holds; copies hold the same
    protocol_row row;
    protocol_row earlier;
    std::optional<merge_request> flying;
    std::uint64_t number = 0;   // of what flies
    std::uint64_t upheavals = 0; // of the store, when it last merged something of this
  };
  struct message {
    std::uint64_t ledger = 0;
    std::size_t process = 0;
    std::uint64_t number = 0;
    merge_row row;
    bool doubled = false; // a second copy; nobody hears its answer
    std::optional<merge_verdict> answer; // none: on its way to the store
    ledger_id epoch{};
    std::uint64_t era = 0;
    std::uint64_t upheavals = 0;
  };

  void open_ledger();
  void count();
  void send();
  void deliver();
  void happen();
  void end_somebody();
  void copy_somebody();
  void change_store();
  void roll_back();
  void forget_retired();
  merge_verdict carry_out(const message& what);
  void take(message& what);
  void bury();
  void note(std::string what);
  void new_epoch();
  // What the fate of other counters would tell of a store with this epoch and of this era.
  store_past past_of(const row_bookkeeping& book, const ledger_id& epoch, std::uint64_t era) const;
  ledger& somebody() { return ledgers_[random_() % ledgers_.size()]; }
  bool chance(std::uint64_t in) { return random_() % in == 0; }

  faults faults_;
  std::mt19937_64 random_;
  bool subtracts_;
  store store_;
  std::uint64_t newest_era_ = 0;
  std::map<ledger_id, std::uint64_t> eras_{{store_.epoch, 0}};
  std::deque<store> past_;
  std::vector<ledger> ledgers_;
  std::vector<message> messages_;
  std::vector<std::int64_t> counted_; // by process
  std::uint64_t names_ = 0;
  std::uint64_t ambiguous_ = 0;
  std::uint64_t upheavals_ = 0; // the store was emptied or went back
  std::string doubled_;
  std::string lost_;
  std::deque<std::string> story_;
};

} // namespace holdfast::test
