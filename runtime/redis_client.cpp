#include "runtime/redis_client.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/socket_connect.hpp"

namespace holdfast {

namespace {

constexpr std::size_t reply_bytes_max = 64u << 20;
constexpr int reply_elements_max = 1 << 20;

// hiredis' reader builds our replies through these; a null answer makes it stop with an error.
redis_reply* place(const redisReadTask* task) {
  if (!task->parent)
    return std::make_unique<redis_reply>().release(); // goes back to us through redisReaderGetReply or free_reply
  // Elements come one after the other: whoever announces a million of them has not yet cost us their memory.
  auto& siblings = static_cast<redis_reply*>(task->parent->obj)->elements;
  siblings.resize(static_cast<std::size_t>(task->idx) + 1);
  return &siblings.back();
}

void* make_text(const redisReadTask* task, char* text, std::size_t length) {
  auto* reply = place(task);
  reply->what = task->type == REDIS_REPLY_ERROR ? redis_reply::kind::error : redis_reply::kind::text;
  reply->text.assign(text, length);
  return reply;
}

void* make_array(const redisReadTask* task, int elements) {
  auto& left = *static_cast<int*>(task->privdata);
  if (elements > left)
    return nullptr;
  left -= std::max(elements, 0);
  auto* reply = place(task);
  reply->what = redis_reply::kind::array;
  return reply;
}

void* make_integer(const redisReadTask* task, long long value) {
  auto* reply = place(task);
  reply->what = redis_reply::kind::integer;
  reply->integer = value;
  return reply;
}

void* make_nil(const redisReadTask* task) { return place(task); }

void free_reply(void* reply) { std::unique_ptr<redis_reply>{static_cast<redis_reply*>(reply)}.reset(); }

redisReplyObjectFunctions builders{make_text, make_array, make_integer, make_nil, free_reply};

void append_command(std::string& out, const redis_command& command) {
  out += '*' + std::to_string(command.size()) + "\r\n";
  for (const auto& word : command) {
    out += '$' + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

redis_failure failure(redis_failure_kind kind, std::string detail) { return {kind, std::move(detail)}; }

// The reader waits for a whole string, however long it says that it is: read the length where it waits.
bool waits_for_too_much(const redisReader& reader) {
  if (reader.ridx < 0 || reader.rstack[reader.ridx].type != REDIS_REPLY_STRING)
    return false;
  std::uint64_t length = 0;
  const char* begin = reader.buf + reader.pos;
  const auto [end, error] = std::from_chars(begin, reader.buf + reader.len, length);
  return end != begin && (error != std::errc{} || length > reply_bytes_max);
}

bool readable(int socket) {
  pollfd look{socket, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

} // namespace

void redis_client::reader_deleter::operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }

redis_client::redis_client(int socket, int interrupt)
  : socket_{socket}, interrupt_{interrupt}, reader_{redisReaderCreateWithFunctions(&builders)} {
  reader_->privdata = &elements_left_;
}

redis_client::~redis_client() { ::close(socket_); }

expected<std::unique_ptr<redis_client>, redis_failure> redis_client::connect(const redis_url& url, boot_time deadline,
                                                                             int interrupt) {
  auto handle = url.socket.empty() ? connect_tcp(url.host, url.port, deadline, interrupt)
                                   : connect_unix(url.socket, deadline, interrupt);
  if (!handle)
    return unexpected{failure(redis_failure_kind::unreachable, handle.error())};
  std::unique_ptr<redis_client> client{new redis_client{*handle, interrupt}};
  std::vector<redis_command> greeting;
  if (!url.password.empty() || !url.user.empty())
    greeting.push_back(url.user.empty() ? redis_command{"AUTH", url.password}
                                        : redis_command{"AUTH", url.user, url.password});
  if (url.database != 0)
    greeting.push_back({"SELECT", std::to_string(url.database)});
  if (greeting.empty())
    return client;
  const auto replies = client->run(greeting, deadline);
  if (!replies)
    return unexpected{replies.error()};
  for (const auto& reply : *replies)
    if (reply.is_error())
      return unexpected{failure(redis_failure_kind::refused, reply.text)};
  return client;
}

expected<std::vector<redis_reply>, redis_failure> redis_client::run(std::span<const redis_command> commands,
                                                                    boot_time deadline,
                                                                    std::chrono::nanoseconds per_mebibyte) {
  if (poisoned_)
    return unexpected{failure(redis_failure_kind::closed, "the connection has failed before")};
  std::string out;
  for (const auto& command : commands)
    append_command(out, command);
  std::vector<redis_reply> replies;
  replies.reserve(commands.size());
  auto broken = readable(socket_) ? unasked(replies) : exchange(out, commands.size(), {deadline, per_mebibyte}, replies);
  if (!broken && reader_->pos != reader_->len)
    broken = failure(redis_failure_kind::garbled, "more came than was asked for");
  if (!broken)
    return replies;
  poisoned_ = true;
  // A server that turns us away says why before it closes.
  if (broken->kind == redis_failure_kind::closed && !replies.empty() && replies.back().is_error())
    broken->detail = replies.back().text;
  return unexpected{std::move(*broken)};
}

std::optional<redis_failure> redis_client::exchange(std::string_view out, std::size_t wanted, patience until,
                                                    std::vector<redis_reply>& replies) {
  moved_ = 0;
  while (replies.size() < wanted) {
    const auto deadline = until.deadline + static_cast<std::int64_t>(moved_ >> 20) * until.per_mebibyte;
    pollfd wait{socket_, static_cast<short>(POLLIN | (out.empty() ? 0 : POLLOUT)), 0};
    if (!wait_for_event(wait, deadline, interrupt_))
      return failure(redis_failure_kind::timeout, "no whole reply in time");
    if ((wait.revents & POLLOUT) != 0) {
      const auto sent = ::send(socket_, out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR)
        out = {}; // what was said to us before is still to be read, then the end
      out.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
      moved_ += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
      continue;
    if (auto broken = take_bytes(wanted, replies))
      return broken;
  }
  if (!out.empty())
    return failure(redis_failure_kind::garbled, "an answer came before its question");
  return std::nullopt;
}

std::optional<redis_failure> redis_client::unasked(std::vector<redis_reply>& replies) {
  if (auto broken = take_bytes(1, replies))
    return broken;
  if (replies.empty() || !replies[0].is_error())
    return failure(redis_failure_kind::garbled, "something came that was not asked for");
  return failure(redis_failure_kind::closed, {});
}

expected<std::optional<redis_reply>, redis_failure> redis_client::await_push(boot_time until) {
  if (poisoned_)
    return unexpected{failure(redis_failure_kind::closed, "the connection has failed before")};
  std::vector<redis_reply> replies;
  auto broken = take_replies(1, replies);
  while (!broken && replies.empty()) {
    pollfd wait{socket_, POLLIN, 0};
    if (!wait_for_event(wait, until, interrupt_))
      return std::optional<redis_reply>{};
    broken = take_bytes(1, replies);
  }
  if (!broken)
    return std::optional{std::move(replies.front())};
  poisoned_ = true;
  return unexpected{std::move(*broken)};
}

std::optional<redis_failure> redis_client::say(const redis_command& command, boot_time deadline) {
  std::string text;
  append_command(text, command);
  for (std::string_view out = text; !out.empty() && !poisoned_;) {
    pollfd wait{socket_, POLLOUT, 0};
    const bool ready = wait_for_event(wait, deadline, interrupt_);
    const auto sent = ready ? ::send(socket_, out.data(), out.size(), MSG_NOSIGNAL) : 0;
    poisoned_ = !ready || (sent < 0 && errno != EAGAIN && errno != EINTR);
    out.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
  }
  return poisoned_ ? std::optional{failure(redis_failure_kind::closed, "the connection takes nothing any more")}
                   : std::nullopt;
}

std::optional<redis_failure> redis_client::take_bytes(std::size_t wanted, std::vector<redis_reply>& replies) {
  char buffer[65536];
  const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return std::nullopt;
  if (got <= 0)
    return failure(redis_failure_kind::closed, got == 0 ? "the server closed the connection" : std::strerror(errno));
  unread_ += static_cast<std::size_t>(got);
  moved_ += static_cast<std::size_t>(got);
  if (unread_ > reply_bytes_max)
    return failure(redis_failure_kind::garbled, "a reply is larger than any of ours may be");
  if (redisReaderFeed(reader_.get(), buffer, static_cast<std::size_t>(got)) != REDIS_OK)
    return failure(redis_failure_kind::garbled, reader_->errstr);
  return take_replies(wanted, replies);
}

std::optional<redis_failure> redis_client::take_replies(std::size_t wanted, std::vector<redis_reply>& replies) {
  while (replies.size() < wanted) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK)
      return failure(redis_failure_kind::garbled, reader_->errstr);
    if (!raw && waits_for_too_much(*reader_))
      return failure(redis_failure_kind::garbled, "a reply is larger than any of ours may be");
    if (!raw)
      return std::nullopt;
    const std::unique_ptr<redis_reply> reply{static_cast<redis_reply*>(raw)};
    replies.push_back(std::move(*reply));
    unread_ = 0;
    elements_left_ = reply_elements_max;
  }
  return std::nullopt;
}

} // namespace holdfast
