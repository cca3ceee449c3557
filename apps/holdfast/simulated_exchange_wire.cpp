#include "apps/holdfast/simulated_exchange_wire.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <poll.h>
#include <sys/socket.h>
#include <zlib.h>

namespace holdfast::simulated {

namespace {

constexpr std::size_t bomb_mebibytes = 100;
constexpr int quick = 1; // an exchange's own level saves 20 % for three times the work

ssize_t send_piece(void* source, std::uint64_t sent, char* buffer, std::size_t room) {
  auto& body = *static_cast<body_in_pieces*>(source);
  const auto left = body.body.size() - std::min<std::size_t>(sent, body.body.size());
  const auto size = std::min({body.allow(sent), left, room});
  if (size == 0)
    return body.in_order ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
  std::memcpy(buffer, body.body.data() + sent, size);
  return static_cast<ssize_t>(size);
}

void forget_pieces(void* source) { std::unique_ptr<body_in_pieces>{static_cast<body_in_pieces*>(source)}.reset(); }

} // namespace

response_ptr text_response(std::string_view body, headers more) {
  response_ptr response{
    microhttpd().create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY)};
  for (const auto& [name, value] : more)
    microhttpd().add_response_header(response.get(), name, value.c_str());
  return response;
}

struct body_builder::stream {
  z_stream z{};
};

body_builder::body_builder(bool compressed) {
  if (!compressed)
    return;
  stream_ = std::make_unique<stream>();
  if (deflateInit2(&stream_->z, quick, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error{"zlib is unusable"};
}

body_builder::~body_builder() {
  if (stream_)
    deflateEnd(&stream_->z);
}

void body_builder::append(std::string_view text) {
  if (!stream_) {
    out_ += text;
    return;
  }
  auto& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  std::array<char, 16384> piece;
  do {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = static_cast<uInt>(piece.size());
    deflate(&z, text.empty() ? Z_FINISH : Z_NO_FLUSH);
    out_.append(piece.data(), piece.size() - z.avail_out);
  } while (z.avail_out == 0);
}

std::string body_builder::finish() {
  if (stream_)
    append({});
  return std::move(out_);
}

// After a full flush deflate starts afresh: the same mebibyte makes the same bytes, which need not be made again.
const std::string& bomb() {
  static const std::string body = [] {
    const std::string blanks(1u << 20, ' ');
    z_stream z{};
    if (deflateInit2(&z, quick, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::runtime_error{"zlib is unusable"};
    std::string once(deflateBound(&z, blanks.size()), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(blanks.data()));
    z.avail_in = static_cast<uInt>(blanks.size());
    z.next_out = reinterpret_cast<Bytef*>(once.data());
    z.avail_out = static_cast<uInt>(once.size());
    deflate(&z, Z_FULL_FLUSH);
    once.resize(z.total_out);
    deflateEnd(&z);
    std::string whole{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};
    uLong check = 0;
    const auto check_once = crc32(0, reinterpret_cast<const Bytef*>(blanks.data()), static_cast<uInt>(blanks.size()));
    for (std::size_t i = 0; i < bomb_mebibytes; ++i) {
      whole += once;
      check = i == 0 ? check_once : crc32_combine(check, check_once, static_cast<z_off_t>(blanks.size()));
    }
    whole.append("\x03\0", 2);
    for (const auto number : {check, static_cast<uLong>(bomb_mebibytes * blanks.size())})
      for (int byte = 0; byte < 4; ++byte)
        whole += static_cast<char>(number >> (8 * byte) & 0xFF);
    return whole;
  }();
  return body;
}

response_ptr piecewise_response(body_in_pieces body, bool length_told) {
  const auto size = length_told ? body.body.size() : MHD_SIZE_UNKNOWN;
  auto source = std::make_unique<body_in_pieces>(std::move(body));
  response_ptr response{microhttpd().create_response_from_callback(size, 4096, &send_piece, source.get(), &forget_pieces)};
  if (response)
    static_cast<void>(source.release());
  if (response && !length_told)
    microhttpd().set_response_options(response.get(), MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
  return response;
}

int descriptor_of(MHD_Connection* connection) {
  const auto* info = microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

bool peer_is_gone(int descriptor) {
  pollfd wait{descriptor, POLLRDHUP, 0};
  return ::poll(&wait, 1, 0) > 0;
}

void close_with_reset(int descriptor) {
  const linger at_once{1, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

} // namespace holdfast::simulated
