#define CAF_SUITE fetcher_embargo

#include "tests/support/fetcher_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

std::string to_ms(wall_time time) {
  return std::to_string(std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_embargo_tests, fetcher_fixture)

CAF_TEST(too many requests close the whole budget until the time that was told) {
  settings.api_key = "planted-key";
  start();
  always(answered(429, R"({"code":-1003,"msg":"Too much request weight used."})", {{"retry-after", "30"}}));
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::fetch_forbidden);
  CAF_CHECK(outcome.forbidden_until == clock->boot_now() + 30s);
  CAF_CHECK_EQUAL(asked(), 1u);
  advance(29s);
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(asked(), 1u);
  advance(1s);
  always(answered(200, body_of(20)));
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a ban of three days is obeyed by the next process too) {
  start();
  always(answered(418, "", {{"retry-after", "259200"}}));
  fetch();
  advance(std::chrono::hours{71});
  budget = std::make_shared<embargo>(market::spot, folder.file("embargo_spot"), clock_ptr{clock});
  respawn();
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(asked(), 1u);
  advance(1h + 1s);
  always(answered(200, body_of(20)));
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(a ban told in the text of a good status is a ban) {
  start();
  const auto end = clock->wall_now() + 90s;
  always(answered(200, R"({"code":-1003,"msg":"Way too much request weight used; IP banned until )" + to_ms(end) + ".\"}"));
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::fetch_forbidden);
  CAF_REQUIRE(outcome.forbidden_until);
  CAF_CHECK(*outcome.forbidden_until >= clock->boot_now() + 90s);
  CAF_CHECK(*outcome.forbidden_until <= clock->boot_now() + 92s);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(a maintenance page that names a time is obeyed but not for days) {
  start();
  always(answered(503, "<html>", {{"retry-after", "120"}}));
  CAF_CHECK(fetch().forbidden_until == clock->boot_now() + 120s);
  advance(120s);
  always(answered(503, "<html>", {{"retry-after", "864000"}}));
  CAF_CHECK(fetch().forbidden_until == clock->boot_now() + 1h);
}

CAF_TEST(a ban that names no time to wait for lasts its usual while and a maintenance page is a failure) {
  start();
  for (const std::string told : {"0", "-1", "Tue, 15 Sep 2020 11:00:00 GMT"}) {
    always(answered(418, "", {{"retry-after", told}}));
    CAF_CHECK(fetch().forbidden_until == clock->boot_now() + 120s);
    advance(120s);
    always(answered(429, "", {{"retry-after", told}}));
    CAF_CHECK(fetch().forbidden_until == clock->boot_now() + 60s);
    advance(60s);
    always(answered(503, "<html>", {{"retry-after", told}}));
    CAF_CHECK(fetch().failure == fault::fetch_failed);
    CAF_CHECK(!budget->closed_until());
  }
}

CAF_TEST(what a sibling wrote into the state folder is seen at the next fetch) {
  start();
  embargo sibling{market::spot, folder.file("embargo_spot"), clock_ptr{clock}};
  sibling.close_for(60s);
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(asked(), 0u);
}

CAF_TEST(used weight above our share yields until the minute turns and is no ban) {
  start();
  const auto weighed = [](const std::string& used) { return answered(200, body_of(20), {{"x-mbx-used-weight-1m", used}}); };
  for (const auto* harmless : {"4800", "-1", "", "many", "99999999999999999999999"}) {
    always(weighed(harmless));
    fetch();
    CAF_CHECK(!budget->closed_until());
  }
  always(weighed("9223372036854775807"));
  CAF_CHECK(fetch().failure == fault::none);
  CAF_REQUIRE(budget->closed_until());
  CAF_CHECK(budget->cause() == embargo_cause::own_share);
  CAF_CHECK(*budget->closed_until() <= clock->boot_now() + 60s);
  const auto outcome = fetch();
  CAF_CHECK(outcome.failure == fault::fetch_forbidden);
  CAF_CHECK(outcome.detail.find("our share") != std::string::npos);
  const auto facts = memory->facts();
  CAF_CHECK(facts.used_weight == 9223372036854775807);
  CAF_CHECK(facts.weight_limit == 6000);
  advance(60s);
  always(weighed("20"));
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(the limit is known before any body told it) {
  start();
  always(answered(500, "", {{"x-mbx-used-weight-1m", "4801"}}));
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(siblings with other state folders learn of it through the store and obey) {
  start(true);
  always(answered(418, "", {{"retry-after", "300"}}));
  fetch();
  CAF_REQUIRE_EQUAL(content->writes.size(), 1u);
  CAF_CHECK(content->writes[0].ttl == 300s);
  budget = std::make_shared<embargo>(market::spot, folder.file("other_folder"), clock_ptr{clock});
  respawn();
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK_EQUAL(asked(), 1u);
  CAF_CHECK_EQUAL(content->writes.size(), 1u);
  // It is in the other folder now, too.
  CAF_CHECK(embargo(market::spot, folder.file("other_folder"), clock_ptr{clock}).closed_until());
  advance(301s);
  content->values.clear();
  always(answered(200, body_of(20)));
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST(an embargo that the store could not take is told as soon as it can) {
  start(true);
  content->away = true;
  always(answered(429, "", {{"retry-after", "60"}}));
  CAF_CHECK(fetch().failure == fault::fetch_forbidden);
  CAF_CHECK(content->writes.empty());
  content->away = false;
  advance(5s);
  CAF_REQUIRE_EQUAL(content->writes.size(), 1u);
  CAF_CHECK(content->writes[0].ttl == 55s);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(an embargo is put back into a store that was emptied meanwhile) {
  start(true);
  always(answered(418, "", {{"retry-after", "300"}}));
  fetch();
  CAF_REQUIRE_EQUAL(content->writes.size(), 1u);
  content->values.clear();
  advance(5s);
  CAF_REQUIRE_EQUAL(content->writes.size(), 2u);
  CAF_CHECK(content->writes[1].ttl == 295s);
  CAF_CHECK_EQUAL(content->writes[1].value, budget->text());
  content->values["holdfast:embargo:test"].value = "nonsense";
  advance(5s);
  CAF_CHECK_EQUAL(content->writes.size(), 3u);
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(a fetcher that is started during an embargo puts it back too) {
  start(true);
  content->away = true;
  always(answered(418, "", {{"retry-after", "300"}}));
  fetch();
  content->away = false;
  respawn();
  consume_messages();
  CAF_REQUIRE_EQUAL(content->writes.size(), 1u);
  CAF_CHECK(content->writes[0].ttl == 300s);
  content->values.clear();
  advance(5s);
  CAF_CHECK_EQUAL(content->writes.size(), 2u);
}

CAF_TEST(the longer embargo stays in the store and is obeyed) {
  start(true);
  always(answered(418, "", {{"retry-after", "60"}}));
  fetch();
  embargo sibling{market::spot, folder.file("other_folder"), clock_ptr{clock}};
  sibling.close_for(300s);
  content->values["holdfast:embargo:test"].value = sibling.text();
  advance(5s);
  CAF_CHECK_EQUAL(content->writes.size(), 1u);
  CAF_CHECK(budget->closed_until() == clock->boot_now() + 295s);
}

CAF_TEST(however often it was asked during an embargo the store is looked at every five seconds until its end) {
  start(true);
  always(answered(418, "", {{"retry-after", "60"}}));
  for (int i = 0; i < 10; ++i)
    fetch();
  auto before = content->reads;
  for (int i = 0; i < 11; ++i) {
    advance(5s);
    CAF_CHECK_EQUAL(content->reads, ++before);
  }
  advance(5s);
  advance(1h);
  CAF_CHECK_EQUAL(content->reads, before);
  CAF_CHECK_EQUAL(content->writes.size(), 1u);
}

CAF_TEST(a store that is away or holds nonsense keeps nobody from fetching) {
  start(true);
  content->values["holdfast:embargo:test"] = {std::string{"nonsense \xff 12"}, {}};
  CAF_CHECK(fetch().failure == fault::none);
  content->away = true;
  CAF_CHECK(fetch().failure == fault::none);
}

CAF_TEST_FIXTURE_SCOPE_END()
