#include "engine/http_answer.hpp"

#include <cstdio>
#include <functional>
#include <stdexcept>

#include <zlib.h>

#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

// FNV-1a over the representation: equal in every process for equal bytes.
std::string tag_of(const std::string& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  char text[24];
  std::snprintf(text, sizeof text, "\"%016lx\"", hash);
  return text;
}

} // namespace

gateway_answer json_answer(std::string body) {
  gateway_answer answer;
  answer.body = std::move(body);
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

gateway_answer problem(unsigned status, std::string_view title, std::string_view detail) {
  gateway_answer answer;
  answer.status = status;
  answer.body = "{\"type\":\"about:blank\",\"title\":";
  append_json_string(answer.body, title);
  answer.body += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  append_json_string(answer.body, detail);
  answer.body += '}';
  answer.headers.emplace_back("Content-Type", "application/problem+json");
  return answer;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::shared_ptr<const list_bodies> list_body_cache::of(market which, const symbol_table_ptr& table) {
  std::lock_guard guard{mutex_};
  auto& newest = newest_[index(which)];
  if (newest && newest->table == table)
    return newest;
  auto made = std::make_shared<list_bodies>();
  made->table = table;
  made->plain = std::make_shared<const std::string>(table->list_json());
  made->zipped = std::make_shared<const std::string>(gzip(*made->plain));
  made->plain_tag = tag_of(*made->plain);
  made->zipped_tag = tag_of(*made->zipped);
  newest = std::move(made);
  return newest;
}

} // namespace holdfast
