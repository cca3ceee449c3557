#include <limits>

#include <gtest/gtest.h>

#include "runtime/embargo.hpp"
#include "runtime/exchange_memory.hpp"
#include "runtime/machine.hpp"
#include "runtime/printable.hpp"
#include "runtime/request_weight.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_symbols.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

TEST(printable, keeps_clean_text_and_escapes_the_rest) {
  EXPECT_EQ(printable("币安人生USDT is fine"), "币安人生USDT is fine");
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J\xc2\x80\xc2\x9f\xc2\xa0"),
            "\\xc2\\x9b2J\\xc2\\x80\\xc2\\x9f\xc2\xa0");
  EXPECT_EQ(printable("bad \xff\xc3 end"), "bad \\xff\\xc3 end");
  EXPECT_EQ(printable(std::string_view{"\0", 1}), "\\x00");
  EXPECT_EQ(printable(""), "");
}

TEST(printable, is_never_longer_than_allowed_nor_cut_inside_a_character) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc...");
  EXPECT_EQ(printable("币安人生", 10), "币安...");
  for (std::size_t most = 3; most < 40; ++most)
    EXPECT_LE(printable("币\n安\xff" + std::string(50, 'x'), most).size(), most);
}

TEST(log_lines, have_the_name_of_a_file_as_one_field) {
  const test::captured_log log;
  const test::temporary_folder folder;
  const auto clock = std::make_shared<test::manual_clock>();
  const auto name = folder.file("no\nsuch \"folder\"/file");
  embargo{market::spot, name, clock}.close_for(std::chrono::seconds{60});
  exchange_memory{name, clock, false}.refused({test::table_from(test::plain("BTCUSDT")), {}, {}, {}, {}});
  EXPECT_EQ(log.warnings("file=\""), 2);
  EXPECT_EQ(log.warnings("no\\\\x0asuch \\\"folder\\\"/file\""), 2);
  EXPECT_EQ(log.warnings("\n"), 0);
}

TEST(machine, has_one_name_that_is_not_its_id) {
  EXPECT_EQ(machine_name().size(), 16u);
  EXPECT_EQ(machine_name(), machine_name());
}

TEST(machine, hosts_of_one_exchange_are_one_site_and_others_are_not) {
  EXPECT_EQ(site_name("https://api.binance.com"), site_name("https://api1.binance.com/"));
  EXPECT_EQ(site_name("https://binance.com"), site_name("https://api1.binance.com"));
  EXPECT_NE(site_name("https://api.binance.com"), site_name("https://testnet.binance.vision"));
  EXPECT_NE(site_name("http://127.0.0.1:8000"), site_name("http://127.0.0.1:8001"));
  EXPECT_NE(site_name("http://127.0.0.1:8000"), site_name("http://10.1.0.1:8000"));
  EXPECT_EQ(site_name("").size(), 16u);
}

TEST(request_weight, the_largest_numbers_do_not_overflow) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(beyond_share(most, 6000, 80));
  EXPECT_FALSE(beyond_share(most / 2, most, 80));
  EXPECT_TRUE(beyond_share(most, most, 80));
  EXPECT_FALSE(beyond_share(4800, 6000, 80));
  EXPECT_TRUE(beyond_share(4801, 6000, 80));
  EXPECT_FALSE(beyond_share(most, 0, 80));
  EXPECT_FALSE(beyond_share(most, -5, 80));
}

TEST(request_weight, is_read_as_a_signed_number_or_not_at_all) {
  const auto told = [](const std::string& text) { return used_weight({200, "", {{"x-mbx-used-weight-1m", text}}}); };
  EXPECT_EQ(told("0"), 0);
  EXPECT_EQ(told("6000"), 6000);
  for (const auto* nonsense : {"", "-1", "many", "12 ", "1.5", "99999999999999999999"})
    EXPECT_EQ(told(nonsense), std::nullopt) << nonsense;
  EXPECT_EQ(used_weight({}), std::nullopt);
}

} // namespace
} // namespace holdfast
