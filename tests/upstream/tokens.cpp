#include "upstream/tokens.hpp"

#include <nlohmann/json.hpp>

#include "upstream/text.hpp"

namespace sluice::upstream {
namespace {
using json = nlohmann::ordered_json;

std::map<std::string, std::string> fields_of(std::string_view form) {
  std::map<std::string, std::string> out;
  while (!form.empty()) {
    const auto end = std::min(form.find('&'), form.size());
    const std::string_view pair = form.substr(0, end);
    const auto eq = std::min(pair.find('='), pair.size());
    out[percent_decode(pair.substr(0, eq))] = percent_decode(pair.substr(std::min(eq + 1, pair.size())));
    form.remove_prefix(std::min(end + 1, form.size()));
  }
  return out;
}

token_desk::reply error(int status, std::string_view code, std::string_view text) {
  return {status, json{{"error", code}, {"error_description", text}}.dump()};
}
}  // namespace

token_desk::reply token_desk::give(const std::string& tenant, std::string_view authorization,
                                   std::string_view form) {
  auto fields = fields_of(form);
  std::string id = fields["client_id"], secret = fields["client_secret"];
  counts& c = counts_[tenant];
  c.way = "body";
  if (authorization.starts_with("Basic ")) {
    const std::string both = base64_decode(authorization.substr(6));
    const auto colon = std::min(both.find(':'), both.size());
    id = percent_decode(both.substr(0, colon));
    secret = percent_decode(both.substr(std::min(colon + 1, both.size())));
    c.way = "basic";
  }
  if (fields["grant_type"] != "client_credentials")
    return error(400, "unsupported_grant_type", "only client_credentials");
  if (id != "client-" + tenant || secret != "secret-" + tenant) {
    ++c.refused;
    return error(401, "invalid_client",
                 "client " + id + " with " + secret + " is not known");  // some quote what they got
  }
  if (fields["scope"] == "everything") return error(400, "invalid_scope", "nobody may have everything");
  c.scope = fields["scope"];
  const std::string token = "given-" + tenant + "-" + std::to_string(++c.given);
  tokens_[token] = {tenant, std::chrono::steady_clock::now() + lifetime_};
  return {200, json{{"access_token", token}, {"token_type", "bearer"}, {"expires_in", said_.count()}}.dump()};
}

std::optional<std::string> token_desk::owner(std::string_view token) const {
  const auto found = tokens_.find(token);
  if (found == tokens_.end() || found->second.ends <= std::chrono::steady_clock::now()) return std::nullopt;
  return found->second.tenant;
}

std::string token_desk::control(std::string_view text) {
  if (!text.empty()) {
    const json wanted = json::parse(text);
    lifetime_ = std::chrono::seconds(wanted.value("lifetime", lifetime_.count()));
    if (wanted.contains("lifetime")) said_ = lifetime_;
    said_ = std::chrono::seconds(wanted.value("said", said_.count()));
    const std::string whose = wanted.value("revoke", "");
    std::erase_if(tokens_, [&](const auto& t) { return t.second.tenant == whose; });
  }
  json out{{"lifetime", lifetime_.count()}, {"tenants", json::object()}};
  for (const auto& [tenant, c] : counts_)
    out["tenants"][tenant] = {
        {"given", c.given}, {"refused", c.refused}, {"scope", c.scope}, {"credentials", c.way}};
  return out.dump();
}

}  // namespace sluice::upstream
