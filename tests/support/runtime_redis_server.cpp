#include "tests/support/runtime_redis_server.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::test {

namespace {

using namespace std::chrono_literals;

struct context_deleter {
  void operator()(redisContext* context) const noexcept { redisFree(context); }
};
struct reply_deleter {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};

std::string find_program() {
  for (const char* path : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"})
    if (::access(path, X_OK) == 0)
      return path;
  return {};
}

bool is_free(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool free = ::bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(handle);
  return free;
}

// Below the ports that the kernel gives to others. A node of a cluster also needs the port 10,000 above.
std::uint16_t free_port() {
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> ports{10'000, 21'999};
  for (;;)
    if (const auto port = ports(random); is_free(port) && is_free(static_cast<std::uint16_t>(port + 10'000)))
      return port;
}

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-redis-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error{"no temporary folder"};
  return pattern;
}

std::string render(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_NIL:
      return "(nil)";
    case REDIS_REPLY_ARRAY: {
      std::string text;
      for (std::size_t i = 0; i < reply.elements; ++i)
        text += (i ? " " : "") + render(*reply.element[i]);
      return text;
    }
    default:
      return {reply.str, static_cast<std::size_t>(reply.len)};
  }
}

// Where each write of an append-only file begins that adds to the counter. A transaction or a script is one write.
std::vector<std::size_t> additions_to(const std::string& key, const std::string& file) {
  std::vector<std::size_t> begins;
  std::size_t begin_of_write = 0;
  bool in_transaction = false;
  for (std::size_t at = 0; at < file.size();) {
    const auto begin = at;
    const auto number = [&] {
      const auto value = std::strtoul(file.c_str() + at + 1, nullptr, 10);
      at = file.find('\n', at) + 1;
      return value;
    };
    std::vector<std::string> words;
    for (auto left = number(); left > 0; --left) {
      const auto length = number();
      words.push_back(file.substr(at, length));
      at += length + 2;
    }
    if (words.empty())
      break;
    if (!in_transaction)
      begin_of_write = begin;
    if (words.size() > 1 && words[0] == "INCRBY" && words[1] == key)
      begins.push_back(begin_of_write);
    in_transaction = words[0] == "MULTI" || (in_transaction && words[0] != "EXEC");
  }
  return begins;
}

// Nothing but calls that are safe between fork and exec.
[[noreturn]] void become(char* const* arguments) {
  if (const int nowhere = ::open("/dev/null", O_RDWR); nowhere >= 0) {
    ::dup2(nowhere, 0);
    ::dup2(nowhere, 1);
    ::dup2(nowhere, 2);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

} // namespace

bool redis_server::installed() { return !find_program().empty(); }

redis_server::redis_server(redis_server_options options) : options_{std::move(options)}, folder_{make_folder()} {
  // Another process may take the port before this server does.
  for (int attempts = 0; attempts < 5 && !running(); ++attempts) {
    port_ = options_.with_port ? free_port() : std::uint16_t{0};
    if (starts() || !options_.with_port)
      break;
  }
  if (!running())
    throw std::runtime_error{"redis-server did not start"};
}

redis_server::~redis_server() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void redis_server::start() {
  if (!running() && !starts())
    throw std::runtime_error{"redis-server did not start"};
}

bool redis_server::starts() {
  std::vector<std::string> words{find_program(), "--port", std::to_string(port_), "--bind", "127.0.0.1", "--unixsocket",
                                 socket(), "--dir", folder_.string(), "--save", "", "--enable-debug-command", "yes",
                                 "--appendonly", options_.durable ? "yes" : "no", "--appendfsync", "always"};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0)
    become(arguments.data());
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto answer = ask({"PING"});
    if (answer == "PONG" || answer.starts_with("NOAUTH") || (options_.may_load && answer.starts_with("LOADING")))
      return true;
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      break;
    }
    ::poll(nullptr, 0, 5);
  }
  kill();
  return false;
}

void redis_server::roll_back(std::size_t additions, const std::string& key) {
  kill();
  for (const auto& file : std::filesystem::directory_iterator{folder_ / "appendonlydir"}) {
    if (!file.path().string().ends_with(".incr.aof"))
      continue;
    std::ostringstream text;
    text << std::ifstream{file.path(), std::ios::binary}.rdbuf();
    const auto begins = additions_to(key, text.str());
    if (begins.size() < additions)
      throw std::runtime_error{"so many additions were never made"};
    if (additions > 0)
      std::filesystem::resize_file(file.path(), begins[begins.size() - additions]);
  }
  start();
}

void redis_server::end(int signal) {
  if (!running())
    return;
  ::kill(process_, signal);
  ::kill(process_, SIGCONT);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void redis_server::kill() { end(SIGKILL); }
void redis_server::stop() { end(SIGTERM); }

void redis_server::freeze() {
  if (!running())
    return;
  ::kill(process_, SIGSTOP);
  int status = 0;
  ::waitpid(process_, &status, WUNTRACED);
}

void redis_server::thaw() {
  if (running())
    ::kill(process_, SIGCONT);
}

std::string redis_server::ask(const std::vector<std::string>& words) const {
  const timeval patience{5, 0};
  const std::unique_ptr<redisContext, context_deleter> context{redisConnectUnixWithTimeout(socket().c_str(), patience)};
  if (!context || context->err || redisSetTimeout(context.get(), patience) != REDIS_OK)
    return "(none)";
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, reply_deleter> reply{static_cast<redisReply*>(
    redisCommandArgv(context.get(), static_cast<int>(words.size()), texts.data(), sizes.data()))};
  return reply ? render(*reply) : "(none)";
}

redis_reply redis_server::command(redis_command words) const {
  const auto deadline = boot_clock::now() + 2s;
  redis_reply away;
  away.what = redis_reply::kind::error;
  away.text = "away";
  auto client = redis_client::connect(*redis_url::parse(url()), deadline);
  if (!client)
    return away;
  const std::vector<redis_command> commands{std::move(words)};
  auto replies = (*client)->run(commands, deadline);
  return replies ? replies->front() : away;
}

} // namespace holdfast::test
