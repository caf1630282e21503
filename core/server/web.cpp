#include "server/web.hpp"

#include <algorithm>

namespace sluice::server {

namespace {

// Scripts and styles come from here alone and never stand in a page; nothing is sent elsewhere; nobody may put the page into
// one of his own; and no text can become markup.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

// As If-None-Match has them: a list of tags in quotes, weak ones too, or a star.
bool has_tag(std::string_view list, std::string_view etag) {
  return list == "*" || list.find(etag) != std::string_view::npos;
}

}  // namespace

std::optional<answer> web_answer(std::string_view name, const request& r) {
  const auto all = web_files();
  const auto at = std::find_if(all.begin(), all.end(), [&](const web_file& f) { return f.name == name; });
  if (at == all.end()) return std::nullopt;
  answer out{200, std::string(at->type), {}, {}, false, {}};
  out.headers = {{"ETag", std::string(at->etag)},
                 {"Cache-Control", "no-cache"},  // kept, and asked for whether it is still the same
                 {"Content-Security-Policy", policy},
                 {"Cross-Origin-Opener-Policy", "same-origin"},
                 {"Cross-Origin-Resource-Policy", "same-origin"},
                 {"Referrer-Policy", "no-referrer"}};
  if (has_tag(r.header("if-none-match"), at->etag)) out.status = 304;
  else out.body = at->text;
  return out;
}

}  // namespace sluice::server
