// What symbols permit, read from bodies in the shapes that the exchange writes and in those that it might come to.
#include <array>
#include <span>

#include <gtest/gtest.h>

#include "tests/support/runtime_simple_exchange_info.hpp"
#include "tests/support/runtime_symbols.hpp"

namespace holdfast {
namespace {

// One symbol whose object ends in `more`.
std::string body_with(const std::string& more) { return test::body_of(test::plain("AUSDT", "TRADING", "," + more)); }

exchange_info info_with(const std::string& more) {
  auto info = read_exchange_info(body_with(more), {});
  EXPECT_TRUE(info);
  EXPECT_EQ(test::difference_between_readers(body_with(more)).value_or(""), "") << more;
  return info ? *info : exchange_info{symbol_table_builder{}.build({}), 0, {}, 0, {}};
}

std::string permissions_with(const std::string& more) {
  const auto info = info_with(more);
  return info.table->size() == 1 ? std::string{info.table->symbols()[0].permissions} : "no symbol";
}

void expect_odd(const std::string& name, const std::string& more, const std::string& permissions) {
  const auto info = info_with(more);
  ASSERT_EQ(info.table->size(), 1u) << more;
  EXPECT_EQ(std::string{info.table->symbols()[0].permissions}, permissions) << more;
  ASSERT_EQ(info.unknown.size(), 1u) << more;
  EXPECT_EQ(info.unknown[0].what, schema_unknown::kind::field);
  EXPECT_EQ(info.unknown[0].name, name);
  EXPECT_EQ(info.unknown[0].count, 1u) << "symbols are counted, not what is odd in each";
}

TEST(exchange_info_permissions, are_groups_of_alternatives) {
  const auto spot = R"(,"permissionSets":[["SPOT","MARGIN"],["X","SPOT"]],"permissions":[])";
  const auto futures = R"(,"permissionSets":["GRID","COPY"])";
  const auto old = R"(,"permissions":["SPOT"])";
  const auto info = read_exchange_info(test::body_of(test::plain("AUSDT", "TRADING", spot) + ","
                                                     + test::plain("BUSDT", "TRADING", futures) + ","
                                                     + test::plain("CUSDT", "TRADING", old)),
                                       {});
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->unknown.empty());
  EXPECT_TRUE(info->table->find("AUSDT")->permits("SPOT"));
  EXPECT_FALSE(info->table->find("AUSDT")->permits("MARGIN"));
  EXPECT_TRUE(info->table->find("BUSDT")->permits("COPY"));
  EXPECT_FALSE(info->table->find("CUSDT")->permits("MARGIN"));
  const std::array<std::string_view, 2> both{"MARGIN", "X"};
  EXPECT_TRUE(info->table->find("AUSDT")->permits(both));
  EXPECT_FALSE(info->table->find("AUSDT")->permits(std::span{both}.first(1)));
}

TEST(exchange_info_permissions, a_name_that_breaks_the_notation_permits_nobody) {
  const auto info = read_exchange_info(
    test::body_of(test::plain("AUSDT", "TRADING", ",\"permissions\":[\"A|B\"]") + ","
                  + test::plain("BUSDT", "TRADING", ",\"permissions\":[\"A&B\",\"\xFF\",\"C\"]")),
    {});
  ASSERT_TRUE(info);
  for (const auto* name : {"A", "B", "A|B"})
    EXPECT_FALSE(info->table->find("AUSDT")->permits(name));
  EXPECT_TRUE(info->table->find("BUSDT")->permits("C"));
  EXPECT_FALSE(info->table->find("BUSDT")->permits("A"));
  ASSERT_EQ(info->unknown.size(), 1u);
  EXPECT_EQ(info->unknown[0].name, "permissions");
  EXPECT_EQ(info->unknown[0].count, 2u);
}

TEST(exchange_info_permissions, a_group_without_a_name_is_one_that_nobody_meets) {
  expect_odd("permissionSets", R"("permissionSets":[[],["SPOT"]])", "?&SPOT");
  expect_odd("permissionSets", R"("permissionSets":[["SPOT"],[]])", "SPOT&?");
  expect_odd("permissionSets", R"("permissionSets":[[{"n":"MARGIN"}],["SPOT"]])", "?&SPOT");
  expect_odd("permissionSets", R"("permissionSets":[["SPOT"],[["MARGIN"],null]])", "SPOT&?|?");
  const auto one = info_with(R"("permissionSets":[[],["SPOT"]])");
  EXPECT_FALSE(one.table->symbols()[0].permits("SPOT"));
}

TEST(exchange_info_permissions, a_list_of_groups_without_a_name_permits_nobody_whatever_the_other_list_has) {
  expect_odd("permissionSets", R"("permissionSets":[[]],"permissions":["SPOT"])", "?");
  expect_odd("permissionSets", R"("permissions":[],"permissionSets":[[{}],[7e0,true]])", "?&7e0|?");
  const auto one = info_with(R"("permissionSets":[[],[]],"permissions":[])");
  EXPECT_FALSE(one.table->symbols()[0].permits("SPOT"));
}

TEST(exchange_info_permissions, what_is_no_text_adds_nothing_to_the_names_beside_it) {
  expect_odd("permissionSets", R"("permissionSets":[["SPOT",{"n":"MARGIN"}],["X",null]])", "SPOT|?&X|?");
  expect_odd("permissionSets", R"("permissionSets":["GRID",{},"COPY"])", "GRID|?|COPY");
  expect_odd("permissions", R"("permissions":[null,"SPOT"])", "?|SPOT");
  expect_odd("permissions", R"("permissions":[{"n":"SPOT"}])", "?");
}

TEST(exchange_info_permissions, names_beside_groups_permit_nobody) {
  for (const auto* sets : {R"(["SPOT",["X"]])", R"([["SPOT"],"X"])", R"([["SPOT"],null])", R"([{"n":"X"},["SPOT"]])"})
    expect_odd("permissionSets", std::string{"\"permissionSets\":"} + sets, "?");
}

TEST(exchange_info_permissions, something_else_in_place_of_a_list_permits_nobody) {
  for (const auto* other : {R"("SPOT")", "7", "{}", R"({"groups":[["SPOT"]]})"}) {
    expect_odd("permissionSets", std::string{R"("permissions":["SPOT"],"permissionSets":)"} + other, "?");
    expect_odd("permissions", std::string{R"("permissionSets":[],"permissions":)"} + other, "?");
  }
}

TEST(exchange_info_permissions, none_named_are_none_asked_for) {
  for (const auto* more : {R"("permissions":[],"permissionSets":[])", R"("permissionSets":null,"permissions":null)"}) {
    const auto one = info_with(more);
    EXPECT_TRUE(one.table->symbols()[0].permits("SPOT")) << more;
    EXPECT_TRUE(one.unknown.empty()) << more;
  }
  EXPECT_EQ(permissions_with(R"("permissionSets":[],"permissions":["SPOT"])"), "SPOT");
}

TEST(exchange_info_permissions, the_list_that_is_written_last_counts_whole) {
  EXPECT_EQ(permissions_with(R"("permissionSets":[[],"X"],"permissionSets":[["A"],["B","C"]])"), "A&B|C");
  EXPECT_EQ(permissions_with(R"("permissionSets":{},"permissionSets":["A","B"])"), "A|B");
  expect_odd("permissionSets", R"("permissionSets":["A"],"permissionSets":{})", "?");
}

TEST(exchange_info_permissions, of_one_symbol_are_not_those_of_the_next) {
  const auto odd = R"(,"permissionSets":[[]],"permissions":{})";
  const auto info = read_exchange_info(test::body_of(test::plain("AUSDT", "TRADING", odd) + "," + test::plain("BUSDT")), {});
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->table->find("BUSDT")->permits("SPOT"));
  EXPECT_EQ(info->unknown.size(), 2u);
}

} // namespace
} // namespace holdfast
