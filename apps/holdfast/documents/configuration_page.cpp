#include "apps/holdfast/documents/documents.hpp"

namespace holdfast::app {

namespace {

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text)
    escaped.append(c == '|' ? "\\" : "").push_back(c);
  return escaped;
}

std::string code(std::string_view text) { return text.empty() ? "" : '`' + cell(text) + '`'; }

} // namespace

std::string configuration_page() {
  std::string text = R"(# Configuration

Generated from the table that the program itself uses (`cmake --build build/release --target update_documents`); do not edit.

Every name is an option of the command line (`--spot-ttl=60s` or `--spot-ttl 60s`) and a key of the group `holdfast` in the file named by
`--config-file`; some are environment variables. The command line weighs more than the environment, the environment more than the
file, the file more than the default. A value that is not accepted, and an unknown key, is one line that says so, and exit status 2.

```
holdfast {
  redis-url = "redis://127.0.0.1:6379/0"
  spot-ttl = 60s
  quote-assets = ["USDT", "USDC"]
}
```

[config/holdfast.conf](../config/holdfast.conf) has all of them with comments. A host sets the fields of `engine_config`
([config/options.hpp](../config/options.hpp)) or lets `parse` fill them.

| name | default | accepted | environment | meaning |
|---|---|---|---|---|
)";
  for (const auto& option : told_options()) {
    std::string environment;
    for (const auto name : option.environment)
      environment += (environment.empty() ? "" : ", ") + code(name);
    const bool in_words = option.otherwise.find(' ') != std::string::npos || option.otherwise == "none";
    const auto otherwise = option.otherwise.empty() ? "empty" : in_words ? cell(option.otherwise) : code(option.otherwise);
    text += "| " + code(option.name) + " | " + otherwise + " | " + cell(option.accepted) + " | " + environment + " | " + cell(option.meaning) + " |\n";
  }
  return text + R"(
Of several environment variables the first that is set wins; those that end in `_SECONDS` take a bare number. A
`CELERY_BROKER_URL` of another broker (`amqp://...`) is passed over, one of Redis that cannot be used is an error. Two more have no option:
`HOLDFAST_API_KEY` is the key of the private API itself, and `TESTNET_URL=true` selects the exchange's test networks.
)";
}

} // namespace holdfast::app
