#include "watch.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "headers.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;
constexpr std::string_view mark = "***";

std::string masked(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    for (std::size_t at = 0; secret.size() >= 4 && (at = text.find(secret, at)) != std::string::npos;)
      text.replace(at, secret.size(), mark);
  }
  return text;
}

// The scheme of credentials may be seen: a wrong one is a usual mistake.
std::string without_credentials(std::string_view value) {
  const auto blank = value.find(' ');
  return (blank == std::string_view::npos ? "" : std::string(value.substr(0, blank + 1))) + std::string(mark);
}

class describer {
 public:
  describer(const settings& s, const std::vector<std::string>& secrets) : settings_(s), secrets_(secrets) {}

  [[nodiscard]] json header(std::string_view line) const {
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    return json::array({std::string(name), shown_value(name, value)});
  }
  [[nodiscard]] std::string text(const std::string& of) const { return masked(of, secrets_); }

 private:
  [[nodiscard]] std::string shown_value(std::string_view name, std::string_view value) const {
    const std::string known = to_lower(std::string(name));
    const bool own = !settings_.auth.header.empty() && known == to_lower(settings_.auth.header);
    if (own) return std::string(mark);
    if (known == "authorization" || known == "proxy-authorization") return without_credentials(value);
    if (known == "cookie" || known == "set-cookie") return std::string(mark);
    return masked(std::string(value), secrets_);
  }

  const settings& settings_;
  const std::vector<std::string>& secrets_;
};

json describe(const transfer& t, const describer& as, exchange_for why) {
  json out{{"for", why == exchange_for::token ? "token" : "page"},
           {"method", t.request().method},
           {"url", as.text(t.request().url)},
           {"headers", json::array()},
           {"answer", json::array()},
           {"ms", static_cast<double>(t.took_us) / 1000},
           {"bytes", t.body.size()},
           {"wire_bytes", t.wire_bytes}};
  for (const curl_slist* h = t.sent_headers(); h != nullptr; h = h->next)
    out["headers"].push_back(as.header(h->data));
  for (const std::string& line : t.lines) out["answer"].push_back(as.header(line));
  if (t.head.status != 0) out["status"] = t.head.status;
  if (!t.head.reason.empty()) out["reason"] = t.head.reason;
  if (!t.head.content_type.empty()) out["type"] = t.head.content_type;
  if (!t.peer.empty()) out["peer"] = t.peer;
  return out;
}

}  // namespace

void tell_exchange(const host_ref& host, const sluice_call* call, const transfer& t, const settings& s,
                   const std::vector<std::string>& secrets, exchange_for why) {
  const tracer to(host);
  if (!to.on() || t.refused || t.reason == given_up::no_token) return;  // what was never sent is not told
  const json what = describe(t, describer(s, secrets), why);
  to.exchange(call, what.dump(-1, ' ', false, json::error_handler_t::replace),
              why == exchange_for::token ? std::string_view() : t.body.view());
}

}  // namespace sluice::http
