#include "runtime/curl_library.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/shell.hpp"

namespace holdfast {
namespace {

TEST(curl_library, has_every_function_that_is_called) {
  const auto& curl = curl_library::get();
  ASSERT_TRUE(curl) << curl.error();
  EXPECT_EQ(&curl, &curl_library::get());
}

// Else the end of a thread races with that of the process; LeakSanitizer sees it at times.
TEST(curl_library, lets_go_what_openssl_keeps_for_a_thread) {
  const auto& curl = curl_library::get();
  ASSERT_TRUE(curl) << curl.error();
  EXPECT_NE(curl->openssl_thread_stop, nullptr);
}

TEST(curl_library, is_not_among_what_is_loaded_before_main) {
  const auto loaded = test::run_shell("ldd /proc/" + std::to_string(::getpid()) + "/exe").text;
  EXPECT_NE(loaded.find("libhiredis"), std::string::npos) << loaded;
  EXPECT_EQ(loaded.find("libcurl"), std::string::npos) << loaded;
}

} // namespace
} // namespace holdfast
