#include "engine/dashboard_page.hpp"

#include <array>
#include <string_view>

#include "runtime/ledger_id.hpp"

namespace holdfast {

// Made from engine/dashboard/ by the build.
extern const std::array<std::string_view, 5> dashboard_sources; // page, style, scripts in order

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string assemble() {
  std::string page{dashboard_sources[0]};
  replace_all(page, "@style@", dashboard_sources[1]);
  std::string script;
  for (std::size_t i = 2; i < dashboard_sources.size(); ++i)
    script += dashboard_sources[i];
  replace_all(page, "@script@", script);
  return page;
}

} // namespace

gateway_answer dashboard_answer() {
  static const std::string page = assemble();
  const auto nonce = to_text(random_ledger_id());
  gateway_answer answer;
  answer.body = page;
  replace_all(answer.body, "@nonce@", nonce);
  answer.headers = {{"Content-Type", "text/html; charset=utf-8"},
                    {"Cache-Control", "no-store"},
                    {"Referrer-Policy", "no-referrer"},
                    {"X-Frame-Options", "DENY"},
                    {"Content-Security-Policy", "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce
                                                  + "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                                                    "frame-ancestors 'none'"}};
  return answer;
}

} // namespace holdfast
