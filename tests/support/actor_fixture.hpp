// CAF's deterministic test fixture with holdfast's messages, and a clock that goes with CAF's. Include before the DSL.
#pragma once

#include <memory>
#include <optional>

#include "config/engine_config.hpp"
#include "messages/interfaces.hpp"
#include "runtime/symbol_table.hpp"
#include "tests/support/runtime_manual_clock.hpp"

#include "caf/test/dsl.hpp"

namespace holdfast::test {

struct actor_fixture : test_coordinator_fixture<engine_config> {
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();

  // Both clocks go on; whatever is due is handled.
  void advance(std::chrono::nanoseconds by) {
    clock->advance(by);
    advance_time(std::chrono::duration_cast<caf::timespan>(by));
    consume_messages();
  }

  // What an actor answers once all messages are handled; none: not yet, or an error (then in `error`).
  template <class Answer, class Actor, class Question>
  std::optional<Answer> ask(const Actor& whom, Question question) {
    std::optional<Answer> answer;
    error = {};
    auto handle = self->request(whom, caf::infinite, std::move(question));
    consume_messages();
    handle.receive([&](Answer& given) { answer = std::move(given); }, [&](caf::error& why) { error = std::move(why); });
    return answer;
  }

  caf::error error;

  static symbol_table_ptr table_of(int symbols) {
    symbol_table_builder builder;
    for (int i = 0; i < symbols; ++i) {
      const auto name = "S" + std::to_string(i) + "USDT";
      symbol_draft one;
      one.name = name;
      one.base_asset = "S";
      one.quote_asset = "USDT";
      one.status_text = "TRADING";
      builder.add(one);
    }
    return builder.build({});
  }
};

} // namespace holdfast::test
