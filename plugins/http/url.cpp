#include "url.hpp"

#include <memory>
#include <optional>

#include <curl/curl.h>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {

class address {
 public:
  address() : url_(curl_url(), curl_url_cleanup) {}
  // Later texts are resolved against earlier ones.
  [[nodiscard]] bool set(const std::string& text) {
    return url_ && curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  }
  [[nodiscard]] std::optional<std::string> part(CURLUPart what, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), what, &text, flags) != CURLUE_OK) return std::nullopt;
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return std::string(text);
  }
  [[nodiscard]] std::string origin() const {
    return part(CURLUPART_SCHEME).value_or("") + "://" + part(CURLUPART_HOST).value_or("") + ":" +
           part(CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  }
  [[nodiscard]] bool is_http() const {
    const auto scheme = part(CURLUPART_SCHEME);
    return scheme == "http" || scheme == "https";
  }

 private:
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url_;
};

}  // namespace

void check_base(const std::string& base) {
  address a;
  const bool good = a.set(base) && a.is_http() && !a.part(CURLUPART_USER) && !a.part(CURLUPART_PASSWORD) &&
                    !a.part(CURLUPART_QUERY) && !a.part(CURLUPART_FRAGMENT);
  if (good) return;
  throw failure(status::invalid, codes::bad_url,
                "base_url: `" + without_query(base) + "` is no plain http or https address (scheme, host, port, path; "
                "no user, no query); check the manifest and the tenant's vars");
}

std::string resolve_link(const std::string& base, const std::string& link) {
  address from, to;
  if (!from.set(base) || !to.set(base) || !to.set(link) || !to.is_http() || to.part(CURLUPART_USER) || to.origin() != from.origin()) {
    throw failure(status::invalid, codes::foreign_link,
                  "the next page is said to be at `" + without_query(link) + "`, which is not on " + from.origin() +
                      "; the source's credentials go nowhere else");
  }
  return to.part(CURLUPART_URL).value_or("");
}

std::string host_of(const std::string& url) {
  address a;
  return a.set(url) ? a.part(CURLUPART_HOST).value_or("") : "";
}

std::string without_query(std::string_view url) { return std::string(url.substr(0, url.find_first_of("?#"))); }

std::string target_of(const std::string& base, const std::string& location) {
  address to;
  if (location.empty()) return "nowhere (no Location)";
  if (!to.set(base) || !to.set(location)) return "`" + without_query(location) + "`";
  return to.part(CURLUPART_SCHEME).value_or("") + "://" + to.part(CURLUPART_HOST).value_or("");
}

std::string next_of_link_header(std::string_view header) {
  while (!header.empty()) {
    const auto open = header.find('<');
    const auto close = header.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    const std::string_view target = header.substr(open + 1, close - open - 1);
    const auto following = header.find('<', close);
    const std::string_view params = header.substr(close + 1, following == std::string_view::npos ? following : following - close - 1);
    if (params.find("rel=\"next\"") != std::string_view::npos || params.find("rel=next") != std::string_view::npos) {
      return std::string(target);
    }
    header = following == std::string_view::npos ? std::string_view() : header.substr(following);
  }
  return {};
}

}  // namespace sluice::http
