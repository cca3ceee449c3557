#include "runtime/http_client.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// Made for this test, for 127.0.0.1, signed by nobody.
constexpr auto certificate = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGOeCIxUXYTY+pFHN
8pUyq8h4g0iWUfVgyxyKP+qLl7ihRANCAASBEvelJfyTQU2YPENIEcvonwPyf+OY
UzHDVsZHsBW6yIt/vC5H47tuJSqgVkkBK1QDWWPZ355DSkeKx7KTFYkT
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBmzCCAUCgAwIBAgIUavPDqzkR9P0oAv/gr4vmY6IzY5cwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwObm9ib2R5LmV4YW1wbGUwIBcNMjYxMTI0MjIxMDM0WhgPMjEy
NjEwMzEyMjEwMzRaMBkxFzAVBgNVBAMMDm5vYm9keS5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEgRL3pSX8k0FNmDxDSBHL6J8D8n/jmFMxw1bGR7AV
usiLf7wuR+O7biUqoFZJAStUA1lj2d+eQ0pHiseykxWJE6NkMGIwHQYDVR0OBBYE
FGr0rLlbUbWpCE+kfT4R4M2h+nRoMB8GA1UdIwQYMBaAFGr0rLlbUbWpCE+kfT4R
4M2h+nRoMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjO
PQQDAgNJADBGAiEAku6PgOujvfAL0Gcl4o3WlFx/J6l28yfwP4y3if2CPYYCIQCW
Wt6Nnlae7eqLPrrUF0+fd7H2a91Kgy87o/ZrBGXtCA==
-----END CERTIFICATE-----
)";

constexpr auto server = R"(
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    try:
        link = context.wrap_socket(listening.accept()[0], server_side=True)
        if link.recv(1):
            open(sys.argv[3], "w").close()
        link.close()
    except OSError:
        pass
)";

TEST(http_tls, a_server_that_nobody_vouches_for_never_hears_the_request) {
  if (!test::has_program("python3"))
    GTEST_SKIP() << "python3 is not installed";
  const test::temporary_folder folder;
  std::ofstream{folder.file("pem")} << certificate;
  const auto port = std::to_string(test::free_port());
  const test::child_process peer{{"python3", "-c", server, folder.file("pem"), port, folder.file("heard")}};
  http_client client;
  std::string why;
  EXPECT_TRUE(test::wait_until([&] {
    const auto answer = client.get({.url = "https://127.0.0.1:" + port + "/", .headers = {{"X-MBX-APIKEY", "secret"}}});
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, transfer_failure_kind::unreachable);
    why = answer.error().detail;
    return why.find("certificate") != std::string::npos;
  })) << why;
  EXPECT_FALSE(std::filesystem::exists(folder.file("heard")));
}

} // namespace
} // namespace holdfast
