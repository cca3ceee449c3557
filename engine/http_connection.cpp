#include "engine/http_connection.hpp"

#include <utility>

namespace holdfast {

namespace {

using shared_text = std::shared_ptr<const std::string>;

struct response_deleter {
  void operator()(MHD_Response* response) const noexcept { microhttpd().destroy_response(response); }
};

void release_text(void* holder) { std::unique_ptr<shared_text>{static_cast<shared_text*>(holder)}.reset(); }

// The bytes are sent from where they are.
MHD_Response* response_of(shared_text text) {
  auto holder = std::make_unique<shared_text>(std::move(text));
  const auto& bytes = **holder;
  auto* response = microhttpd().create_response_from_buffer_with_free_callback_cls(
    bytes.size(), const_cast<char*>(bytes.data()), &release_text, holder.get());
  if (response)
    (void)holder.release();
  return response;
}

} // namespace

void pending_answer::deliver(gateway_answer answer) {
  std::lock_guard guard{mutex_};
  if (std::exchange(delivered_, true))
    return;
  answer_ = std::move(answer);
  if (auto* connection = std::exchange(asleep_, nullptr))
    microhttpd().resume_connection(connection);
}

std::optional<gateway_answer> pending_answer::take_or_suspend(MHD_Connection* connection) {
  std::lock_guard guard{mutex_};
  if (answer_)
    return std::exchange(answer_, std::nullopt);
  asleep_ = connection;
  microhttpd().suspend_connection(connection);
  return std::nullopt;
}

std::optional<gateway_answer> pending_answer::take() {
  std::lock_guard guard{mutex_};
  return std::exchange(answer_, std::nullopt);
}

bool waiting_room::enter(const std::shared_ptr<pending_answer>& request) {
  std::lock_guard guard{mutex_};
  if (!closed_)
    waiting_.insert(request);
  return !closed_;
}

void waiting_room::leave(const std::shared_ptr<pending_answer>& request) {
  std::lock_guard guard{mutex_};
  waiting_.erase(request);
  left_.notify_all();
}

void waiting_room::close(std::chrono::milliseconds patience) {
  std::unique_lock guard{mutex_};
  closed_ = true;
  const auto left = waiting_;
  guard.unlock();
  for (const auto& request : left)
    request->deliver(problem(503, "Stopping", "this server is about to stop"));
  guard.lock();
  left_.wait_for(guard, patience, [this] { return waiting_.empty(); });
}

std::string_view request_header(MHD_Connection* connection, const char* name) {
  const auto* value = microhttpd().lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value ? std::string_view{value} : std::string_view{};
}

MHD_Result send_answer(MHD_Connection* connection, gateway_answer answer) {
  auto body = answer.shared_body ? std::move(answer.shared_body) : std::make_shared<const std::string>(std::move(answer.body));
  const std::unique_ptr<MHD_Response, response_deleter> response{response_of(std::move(body))};
  if (!response)
    return MHD_NO;
  for (const auto& [name, value] : answer.headers)
    microhttpd().add_response_header(response.get(), name.c_str(), value.c_str());
  microhttpd().add_response_header(response.get(), "X-Content-Type-Options", "nosniff");
  return microhttpd().queue_response(connection, answer.status, response.get());
}

} // namespace holdfast
