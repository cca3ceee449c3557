// Private to the gateway: an answer before it goes out, and the bodies of lists, made once per table.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/market.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast {

struct gateway_answer {
  unsigned status = 200;
  std::string body;
  std::shared_ptr<const std::string> shared_body; // instead of `body`; must outlive the transfer
  std::vector<std::pair<std::string, std::string>> headers;
};

gateway_answer json_answer(std::string body);
// application/problem+json (RFC 9457).
gateway_answer problem(unsigned status, std::string_view title, std::string_view detail);

std::string gzip(const std::string& text);

// A list in both codings, with the tags of both.
struct list_bodies {
  symbol_table_ptr table;
  std::shared_ptr<const std::string> plain;
  std::shared_ptr<const std::string> zipped;
  std::string plain_tag;
  std::string zipped_tag;
};

class list_body_cache {
public:
  std::shared_ptr<const list_bodies> of(market which, const symbol_table_ptr& table);

private:
  std::mutex mutex_;
  std::array<std::shared_ptr<const list_bodies>, market_count> newest_;
};

} // namespace holdfast
