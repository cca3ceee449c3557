// A host's own test: its actor against a whole holdfast in virtual time, with a store and an exchange that do as they are told.
#define CAF_SUITE testing_host

#include "quoter.hpp"

#include <holdfast/testing/fixture.hpp>

#include <caf/test/unit_test_impl.hpp>

using namespace std::chrono_literals;
using holdfast::market;

// [test]
CAF_TEST_FIXTURE_SCOPE(quoter_tests, holdfast::testing::fixture)

CAF_TEST(the quoter pauses while the exchange is dead and goes on after it) {
  auto actor = sys.spawn(quoter, engine().cache(), engine().counter("metrics:quoter:pauses"));
  auto& state = deref<caf::stateful_actor<quoter_state>>(actor).state;
  advance(1s);
  CAF_CHECK(state.quoting);
  exchange.fail(market::spot);
  store.go_away();
  advance(10min); // the TTL passes, and every fetch fails
  CAF_CHECK(!state.quoting);
  CAF_CHECK_EQUAL(state.tick, "0.01"); // still known, marked stale
  CAF_CHECK_EQUAL(counted("metrics:quoter:pauses"), 1);
  exchange.recover(market::spot);
  store.come_back();
  advance(2min);
  CAF_CHECK(state.quoting);
  CAF_CHECK_EQUAL(stored("metrics:quoter:pauses"), 1);
  anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

CAF_TEST_FIXTURE_SCOPE_END()
// [test]
