// A request line by line: method, path as it came over the wire, Accept-Encoding, If-None-Match, Authorization, then one
// value for every argument. No crash, and nothing that a client sends can end a line of an answer's head.
#include "engine/http_request.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

constexpr std::string_view token = "a token";

void check_refusal(const gateway_answer& answer) {
  expect(answer.status >= 400 && answer.status < 500, "a refusal that is none");
  expect(is_clean_utf8(answer.body), "an answer that is no text");
  for (const auto& [name, value] : answer.headers)
    expect(value.find_first_of("\r\n") == value.npos, "a header with a line of its own");
}

void check(std::string_view input) {
  fuzz::input_reader reader{input};
  const auto method = reader.line();
  std::string path{reader.line()};
  // What libmicrohttpd hands on ends at the first NUL.
  path.resize(std::min(path.find('\0'), path.size()));
  path.resize(decode_percent(path.data()));
  expect(path.find('\0') == path.npos, "a path with an end inside");
  const auto encoding = reader.line();
  const auto tag = reader.line();
  const auto authorization = reader.line();
  const bool let_in = bears_token(authorization, token);
  expect(let_in || authorization != "Bearer a token", "not let in with the token");
  expect(!let_in || authorization.substr(7) == token, "let in with a wrong token");
  const auto value = reader.line();
  expect(!is_literal_host(value) || value.find_first_not_of("0123456789abcdefABCDEFlohstLOHST.:[]") == value.npos,
         "a host that is no address");
  for (const bool local : {false, true}) {
    const gateway_request request{method, path, encoding, tag, local, [&](const char*) { return value; }};
    const auto what = read_request(request);
    if (!what) {
      check_refusal(what.error());
      continue;
    }
    const bool changes = what->target == request_target::increment || what->target == request_target::accept;
    expect(!changes || (local && method == "POST"), "changed from outside");
    expect(what->target != request_target::increment || is_counter_key(what->name), "a counter of no name");
    const bool reads_counter = what->target == request_target::counter || what->target == request_target::history;
    expect(!reads_counter || (!what->name.empty() && what->name.size() <= counter_key_bytes_max), "a question for no name");
  }
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
