// Private to the simulated exchange: answers as libmicrohttpd sends them, good ones and broken ones.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/microhttpd_library.hpp"

namespace holdfast::simulated {

struct response_deleter {
  void operator()(MHD_Response* response) const noexcept { microhttpd().destroy_response(response); }
};
using response_ptr = std::unique_ptr<MHD_Response, response_deleter>;

using headers = std::initializer_list<std::pair<const char*, std::string>>;

response_ptr text_response(std::string_view body, headers more = {});

// Compressed as it is written; `wanted` false: plain.
class body_builder {
public:
  explicit body_builder(bool compressed);
  ~body_builder();
  body_builder(const body_builder&) = delete;
  body_builder& operator=(const body_builder&) = delete;
  void append(std::string_view text);
  std::string finish();

private:
  struct stream;
  std::unique_ptr<stream> stream_; // null: plain
  std::string out_;
};

// 100 MiB of blanks, compressed once.
const std::string& bomb();

// A body that is sent in pieces by a function: how many bytes of `body` may go now, given how many went; 0 ends it.
struct body_in_pieces {
  std::string body;
  std::function<std::size_t(std::size_t sent)> allow;
  bool in_order = false; // ends without an error
};
// `length_told` false: the end of the connection is the end of the body.
response_ptr piecewise_response(body_in_pieces body, bool length_told);

int descriptor_of(MHD_Connection* connection);
// The other side has hung up.
bool peer_is_gone(int descriptor);
// From now on closing it resets it.
void close_with_reset(int descriptor);

} // namespace holdfast::simulated
