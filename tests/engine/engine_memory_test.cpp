#define CAF_SUITE engine_memory

#include "engine/engine.hpp"

#include <atomic>
#include <memory>

#include <caf/actor_system.hpp>
#include <malloc.h>

#include "tests/support/counting_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr int batch = 50;
constexpr int batches = 100;

struct fixture {
  test::temporary_folder folder;
  engine_config config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;
  std::atomic<int> answered{0};

  fixture() {
    test::prepare_counting(config, {}, folder.file("state"));
    system = std::make_unique<caf::actor_system>(config);
    front = std::make_unique<engine>(*system);
  }
  ~fixture() {
    front.reset();
    system.reset();
  }
  void ask(int rounds) {
    for (int asked = answered; rounds > 0; --rounds) {
      for (int i = 0; i < batch; ++i)
        front->read_async("metrics:test:memory", [this](const counter_reading&) { ++answered; });
      asked += batch;
      CAF_REQUIRE(test::wait_until([&] { return answered == asked; }));
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_memory_tests, fixture)

CAF_TEST(a question leaves nothing behind once it is answered) {
  ask(batches / 10);
  const auto before = ::mallinfo2().uordblks;
  ask(batches);
  // Their deadlines, a second each, are remembered until they have passed. Others may hold some; a hundred bytes a question
  // would be half a megabyte.
  CAF_CHECK(test::wait_until([&] { return ::mallinfo2().uordblks < before + batches * batch * 100; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
