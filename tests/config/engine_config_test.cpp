#define CAF_SUITE engine_config

#include <cstdlib>
#include <fstream>

#include <sys/stat.h>

#include "config/engine_config.hpp"
#include "config/option_table.hpp"
#include "runtime/utf8.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    for (const auto& option : option_table())
      for (const auto name : option.environment)
        ::unsetenv(std::string{name}.c_str());
    ::unsetenv("TESTNET_URL");
  }
  test::temporary_folder folder;
  std::string file(const std::string& text) {
    std::ofstream{folder.file("x.conf")} << text;
    return folder.file("x.conf");
  }
};

std::string error_of(std::vector<std::string> arguments) {
  engine_config config;
  return config.parse(std::move(arguments)).text();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_config_tests, fixture)

CAF_TEST(defaults are those of the contract) {
  engine_config config;
  CAF_CHECK(!config.parse(std::vector<std::string>{}));
  CAF_CHECK(config.spot_ttl == 300s);
  CAF_CHECK(config.flush_interval == 100ms);
  CAF_CHECK_EQUAL(config.http, "off");
  CAF_CHECK_EQUAL(config.priority(market::futures).size(), 8u);
}

CAF_TEST(both spellings of an option are taken and words are kept) {
  engine_config config;
  CAF_CHECK(!config.parse(std::vector<std::string>{"spot", "--spot-ttl=10s", "--quote-assets", "USDT,USDC"}));
  CAF_CHECK(config.spot_ttl == 10s);
  CAF_CHECK_EQUAL(config.quote_assets.size(), 2u);
  CAF_CHECK_EQUAL(config.words().size(), 1u);
}

CAF_TEST(the command line outweighs the environment outweighs the file) {
  const auto path = file("holdfast {\n  spot-ttl = 10s\n  futures-ttl = 11s\n  max-restarts = 3\n  quote-assets = [\"BTC\"]\n}\n");
  ::setenv("SPOT_SYMBOLS_CACHE_TTL_SECONDS", "20", 1);
  ::setenv("FUTURES_SYMBOLS_CACHE_TTL_SECONDS", "21", 1);
  engine_config config;
  const auto error = config.parse(std::vector<std::string>{"--config-file=" + path, "--spot-ttl=30s"});
  CAF_CHECK_EQUAL(error.text(), "");
  CAF_CHECK(config.spot_ttl == 30s);
  CAF_CHECK(config.futures_ttl == 21s);
  CAF_CHECK_EQUAL(config.max_restarts, 3u);
  CAF_CHECK_EQUAL(config.quote_assets.front(), "BTC");
}

CAF_TEST(a wrong value is one line that names option and value and what is accepted) {
  for (const std::string argument : {"--spot-ttl=-5s", "--spot-ttl=5", "--spot-ttl=0", "--fetch-timeout=900000000h",
                                     "--store=mongo", "--redis-url=http://x", "--http=8080", "--max-restarts=many",
                                     "--spot-urls=ftp://x", "--log-level=loud", "--http=example.org:80", "--http=127.evil.org:80",
                                     "--spot-urls=http:///", "--futures-urls=https://:443", "--spot-urls=http://user@:80/x",
                                     "--spot-urls=http://h:99999", "--spot-urls=http://[::1", "--spot-urls=http://[]:80"}) {
    const auto text = error_of({argument});
    CAF_CHECK(text.find(argument.substr(0, argument.find('='))) != std::string::npos);
    CAF_CHECK(text.find(argument.substr(argument.find('=') + 1)) != std::string::npos);
    CAF_CHECK(text.find("accepted") != std::string::npos);
    CAF_CHECK(text.find('\n') == std::string::npos);
  }
}

CAF_TEST(a file that ends within a group is refused and is not half taken) {
  for (const std::string text : {"holdfast { http-token = \"secret\"", "holdfast { spot-ttl = 10s }\nholdfast {", "holdfast { } nonsense"}) {
    engine_config config;
    const auto error = config.parse({"--config-file=" + file(text)}).text();
    CAF_CHECK(error.find("ends within a group or a line") != std::string::npos);
  }
  CAF_CHECK_EQUAL(error_of({"--config-file=" + file("holdfast { spot-ttl = 10s }")}), "");
  CAF_CHECK_EQUAL(error_of({"--config-file=" + file("")}), "");
  CAF_CHECK(error_of({"--config-file=" + folder.path()}).find("cannot be read") != std::string::npos);
}

CAF_TEST(a list of what is no text is refused and a text where a list is wanted says so) {
  for (const std::string text : {"[1]", "[\"USDT\", 1]", "\"USDT\""}) {
    const auto error = error_of({"--config-file=" + file("holdfast { quote-assets = " + text + " }")});
    CAF_CHECK(error.find("quote-assets") != std::string::npos && error.find("a list of texts") != std::string::npos);
  }
}

CAF_TEST(priority assets may be none) {
  engine_config config;
  CAF_CHECK_EQUAL(config.priority_assets.size(), 10u);
  CAF_CHECK(!config.parse(std::vector<std::string>{"--priority-assets="}));
  CAF_CHECK(config.priority(market::spot).empty());
}

CAF_TEST(the test networks are chosen by one word and any other is refused) {
  ::setenv("TESTNET_URL", "true", 1);
  engine_config config;
  CAF_CHECK(!config.parse(std::vector<std::string>{}));
  CAF_CHECK(config.spot_urls.front().find("testnet") != std::string::npos);
  for (const auto* word : {"1", "True", "yes"}) {
    ::setenv("TESTNET_URL", word, 1);
    CAF_CHECK_EQUAL(error_of({}), "TESTNET_URL: '" + std::string{word} + "' is not accepted; accepted: true, false");
  }
  ::setenv("TESTNET_URL", "false", 1);
  CAF_CHECK_EQUAL(error_of({}), "");
}

CAF_TEST(a variable that counts seconds says so) {
  ::setenv("SPOT_SYMBOLS_CACHE_TTL_SECONDS", "abc", 1);
  const auto error = error_of({});
  CAF_CHECK(error.find("SPOT_SYMBOLS_CACHE_TTL_SECONDS: 'abc'") != std::string::npos && error.find("a number of seconds") != std::string::npos);
}

CAF_TEST(why a url of redis cannot be used is told) {
  CAF_CHECK(error_of({"--redis-url=rediss://x"}).find("TLS") != std::string::npos);
}

CAF_TEST(unknown options and keys are errors) {
  CAF_CHECK(error_of({"--nonsense=1"}).find("nonsense") != std::string::npos);
  CAF_CHECK(error_of({"--config-file=" + file("holdfast {\n  nonsense = 1\n}\n")}).find("nonsense") != std::string::npos);
  CAF_CHECK(error_of({"--config-file=" + file("holdfast {\n  spot-ttl = [1]\n}\n")}).find("spot-ttl") != std::string::npos);
  CAF_CHECK(!error_of({"--config-file=/nowhere"}).empty());
}

// The host stays the owner: its options live beside ours, in the same file and on the same command line.
struct trading_config : engine_config {
  trading_config() {
    opt_group{custom_options_, "trading"}.add(threads, "threads", "how many").add(venue, "venue", "where").add(dry, "dry", "no orders");
    opt_group{custom_options_, "?plain"}.add(size, "order-size", "how much");
  }
  int threads = 2;
  std::string venue = "none";
  bool dry = false;
  int size = 1;
};

CAF_TEST(options of a derived configuration live beside ours in the file and on the command line) {
  trading_config config;
  const auto path = file("holdfast {\n  spot-ttl = 10s\n}\ntrading {\n  threads = 3\n  venue = \"spot\"\n}\nanybody {\n  x = 1\n}\n");
  const auto error = config.parse(std::vector<std::string>{"--config-file", path, "--trading.threads=4", "--trading.dry",
                                                           "--order-size", "7", "--futures-ttl=11s", "word"});
  CAF_CHECK_EQUAL(error.text(), "");
  CAF_CHECK_EQUAL(config.threads, 4);
  CAF_CHECK_EQUAL(config.venue, "spot");
  CAF_CHECK(config.dry);
  CAF_CHECK_EQUAL(config.size, 7);
  CAF_CHECK(config.spot_ttl == 10s);
  CAF_CHECK(config.futures_ttl == 11s);
  CAF_CHECK_EQUAL(caf::get_or(config, "anybody.x", 0), 1);
  CAF_CHECK_EQUAL(config.words().size(), 1u);
}

CAF_TEST(a wrong option of a derived configuration is an error that names it) {
  const auto text_of = [](std::vector<std::string> arguments) { return trading_config{}.parse(std::move(arguments)).text(); };
  for (const std::string argument : {"--trading.nonsense=1", "--nonsense", "--trading.threads=many", "--trading.threads"})
    CAF_CHECK(text_of({argument}).find(argument.substr(2, argument.find('=') - 2)) != std::string::npos);
  const auto from_file = text_of({"--config-file=" + file("trading {\n  threads = \"many\"\n}\n")});
  CAF_CHECK(from_file.find("trading.threads: '\"many\"' is not accepted") != std::string::npos);
  const auto from_caf = text_of({"--config-file=" + file("scheduler {\n  policy = \"sharing\"\n}\n")});
  CAF_CHECK(from_caf.find("scheduler.policy: '\"sharing\"' is not accepted") != std::string::npos);
}

CAF_TEST(an address beyond loopback wants a token) {
  CAF_CHECK(error_of({"--http=0.0.0.0:80"}).find("http-token") != std::string::npos);
  CAF_CHECK(error_of({"--http=0.0.0.0:80", "--http-token=x"}).empty());
}

CAF_TEST(an address of the gateway is a literal one or localhost) {
  for (const std::string address : {"127.0.0.1:80", "[::1]:80", "localhost:80"})
    CAF_CHECK_EQUAL(error_of({"--http=" + address}), "");
  for (const std::string url : {"http://h", "https://h:443/", "http://[::1]:80", "http://user:word@h:80/path?x=:y"})
    CAF_CHECK_EQUAL(error_of({"--spot-urls=" + url}), "");
}

CAF_TEST(a broker of another kind is passed over and a redis that cannot be used is not) {
  const auto url_with = [](const char* broker) {
    ::setenv("CELERY_BROKER_URL", broker, 1);
    engine_config config;
    const auto error = config.parse(std::vector<std::string>{});
    ::unsetenv("CELERY_BROKER_URL");
    return error ? error.text() : config.redis_url;
  };
  CAF_CHECK_EQUAL(url_with("redis://h:1/2"), "redis://h:1/2");
  for (const auto* other : {"amqp://guest@rabbit//", "sqs://", "pyamqp://h", "memory://"})
    CAF_CHECK_EQUAL(url_with(other), "");
  for (const auto* unusable : {"redis://h:x", "Redis://h", "redis+socket:///x", "rediss://h", "unix://x", "h:6379"})
    CAF_CHECK(url_with(unusable).find("CELERY_BROKER_URL: redis-url") != std::string::npos);
  ::setenv("REDIS_URL", "amqp://h", 1);
  CAF_CHECK(url_with("redis://h:1/2").find("REDIS_URL: redis-url") != std::string::npos);
  ::unsetenv("REDIS_URL");
}

CAF_TEST(a password is not told in an error wherever it was put) {
  for (const std::string url : {"redis://u:secret@h:x", "redis://:secret", "redis://:secret/1@h", "rediss://:secret@h", "//:secret"}) {
    const auto text = error_of({"--redis-url=" + url});
    CAF_CHECK(!text.empty());
    CAF_CHECK(text.find("secret") == std::string::npos);
  }
  CAF_CHECK(error_of({"--spot-urls=htp://u:secret@h"}).find("secret") == std::string::npos);
  CAF_CHECK(error_of({"--redis-url=mysql://h:6379/0"}).find("mysql://h:6379/0") != std::string::npos);
}

CAF_TEST(an error is one line of text whatever was typed) {
  for (const std::string argument : {"--store=a\nb", "--spot-ttl=\x1b[2J", "--a\nb", "--http=\xff\xfe", "--state-dir=a\x01"}) {
    const auto text = error_of({argument});
    CAF_CHECK(!text.empty());
    CAF_CHECK(is_clean_utf8(text));
    CAF_CHECK(text.find_first_of("\n\x1b\x01") == std::string::npos);
  }
  CAF_CHECK(error_of({"--store=" + std::string(100'000, 'x')}).size() <= 1000);
}

CAF_TEST(a key is read from a small file of its owner and from nothing else) {
  const auto path = file("key\n");
  ::chmod(path.c_str(), 0644);
  CAF_CHECK(error_of({"--api-key-file=" + path}).find("read by others") != std::string::npos);
  ::chmod(path.c_str(), 0600);
  engine_config config;
  CAF_CHECK(!config.parse(std::vector<std::string>{"--api-key-file=" + path}));
  CAF_CHECK_EQUAL(config.api_key, "key");
  for (const auto* nothing : {"", "\n", "\nkey\n"}) {
    file(nothing);
    CAF_CHECK(error_of({"--api-key-file=" + path}).find("holds no key") != std::string::npos);
  }
  file(std::string(5000, 'k'));
  // Neither waits for somebody who writes, nor reads without end.
  CAF_CHECK_EQUAL(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  for (const auto& wrong : {path, folder.file("pipe"), folder.path(), std::string{"/dev/zero"}, std::string{"/nowhere"}})
    CAF_CHECK(error_of({"--api-key-file=" + wrong}).find("at most 4096 bytes") != std::string::npos);
}

CAF_TEST(a key in the environment outweighs a key file that the command line does not name) {
  const auto path = file("of-the-file\n");
  ::chmod(path.c_str(), 0600);
  const auto settings = folder.file("settings");
  const auto key_with = [&](const std::string& key_file, std::vector<std::string> arguments) {
    std::ofstream{settings} << "holdfast { api-key-file = \"" << key_file << "\" }";
    arguments.push_back("--config-file=" + settings);
    engine_config config;
    const auto error = config.parse(arguments);
    return error ? error.text() : config.api_key;
  };
  CAF_CHECK_EQUAL(key_with(path, {}), "of-the-file");
  ::setenv("HOLDFAST_API_KEY", "of-the-environment", 1);
  const auto outweighed = key_with(path, {});
  const auto unread = key_with("/nowhere", {});
  const auto named = key_with("/nowhere", {"--api-key-file=" + path});
  ::unsetenv("HOLDFAST_API_KEY");
  CAF_CHECK_EQUAL(outweighed, "of-the-environment");
  CAF_CHECK_EQUAL(unread, "of-the-environment");
  CAF_CHECK_EQUAL(named, "of-the-file");
}

CAF_TEST_FIXTURE_SCOPE_END()
