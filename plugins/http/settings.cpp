#include "settings.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>

#include "codes.hpp"
#include "units.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

[[noreturn]] void refuse_config(const std::string& why) {
  throw failure(status::invalid, codes::bad_config, why);
}

// What is asked for once for all requests of a tenant depends on the tenant alone.
text_template of_tenant(const std::string& where, const std::string& text, const char* why) {
  text_template out(text);
  for (const std::string& name : out.names()) {
    if (name == "tenant" || name.starts_with("tenant.vars.")) continue;
    refuse_config(where + ": `${" + name + "}` must not " + why +
                  "; only ${tenant} and ${tenant.vars.x} may");
  }
  return out;
}

// The host may come from the manifest and from the tenant's vars, never from data or from a subject.
text_template parse_address(const std::string& where, const std::string& text) {
  text_template out = of_tenant(where, text, "choose the address");
  if (!text.starts_with("http://") && !text.starts_with("https://") && !text.starts_with("${")) {
    refuse_config(where + ": `" + text + "` must begin with http:// or https://");
  }
  return out;
}

token_settings parse_token(const json& config) {
  const std::string where = "auth.client_credentials.";
  const auto field = [&](const std::string& name, const std::string& value) {
    return of_tenant(where + name, value, "choose the token");
  };
  token_settings out;
  out.url = parse_address(where + "token_url", config.at("token_url").get<std::string>());
  out.client_id = field("client_id", config.at("client_id").get<std::string>());
  out.secret = config.at("client_secret").get<std::string>();
  for (const char* name : {"scope", "audience"}) {
    if (config.contains(name)) out.form.emplace_back(name, field(name, config.at(name).get<std::string>()));
  }
  const json form = config.value("form", json::object());
  for (const auto& [name, value] : form.items()) {
    constexpr std::array<std::string_view, 5> ours{"grant_type", "client_id", "client_secret", "scope",
                                                   "audience"};
    if (std::ranges::find(ours, name) != ours.end())
      refuse_config(where + "form: `" + name + "` has a place of its own; leave it out");
    out.form.emplace_back(name, field("form." + name, value.get<std::string>()));
  }
  out.in_body = config.value("credentials", "basic") == "body";
  if (config.contains("margin"))
    out.margin = parse_duration(config.at("margin").get<std::string>(), where + "margin");
  return out;
}

auth_settings parse_auth(const json& config) {
  auth_settings out;
  const json auth = config.value("auth", json::object());
  if (auth.size() > 1) refuse_config("auth: give one of bearer, basic, header and client_credentials");
  if (auth.contains("bearer")) {
    out.how = auth_settings::how::bearer;
    out.secret = auth.at("bearer").get<std::string>();
  } else if (auth.contains("basic")) {
    const json& basic = auth.at("basic");
    out.how = auth_settings::how::basic;
    out.key_as_user = basic.contains("key");
    if (out.key_as_user && basic.size() > 1)
      refuse_config("auth.basic: give either key, or username and password");
    if (!out.key_as_user && !basic.contains("username"))
      refuse_config("auth.basic: username is missing; or give key");
    out.username = text_template(basic.value("username", ""));
    out.secret = basic.value(out.key_as_user ? "key" : "password", "");
  } else if (auth.contains("header")) {
    out.how = auth_settings::how::header;
    out.header = auth.at("header").at("name").get<std::string>();
    static_cast<void>(parse_header(out.header, "", codes::bad_config));
    out.secret = auth.at("header").at("value").get<std::string>();
  } else if (auth.contains("client_credentials")) {
    out.how = auth_settings::how::client_credentials;
    out.token = parse_token(auth.at("client_credentials"));
  }
  return out;
}

void parse_times(const json& config, settings& out) {
  const json times = config.value("timeouts", json::object());
  const auto duration = [](const json& in, const char* key, std::chrono::milliseconds& to,
                           const char* where) {
    if (in.contains(key)) to = parse_duration(in.at(key).get<std::string>(), where);
  };
  duration(times, "connect", out.connect, "timeouts.connect");
  duration(times, "first_byte", out.first_byte, "timeouts.first_byte");
  duration(times, "total", out.total, "timeouts.total");
  const json speed = config.value("min_speed", json::object());
  duration(speed, "over", out.speed_over, "min_speed.over");
  if (speed.contains("rate"))
    out.min_rate = parse_rate(speed.at("rate").get<std::string>(), "min_speed.rate");
}

}  // namespace

text_template parse_header(const std::string& name, const std::string& value, const char* code) {
  constexpr std::array<std::string_view, 5> ours{"host", "content-length", "transfer-encoding", "connection",
                                                 "accept-encoding"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool token = !name.empty() && std::ranges::all_of(lower, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!token) throw failure(status::invalid, code, "headers: `" + name + "` is no header name");
  if (std::ranges::find(ours, lower) != ours.end()) {
    throw failure(status::invalid, code,
                  "headers: `" + name + "` is set by the connection itself; leave it out");
  }
  return text_template(value);
}

settings parse_settings(std::string_view config_json) {
  try {
    const json config = json::parse(config_json);
    settings out;
    out.base_url = parse_address("base_url", config.at("base_url").get<std::string>());
    out.auth = parse_auth(config);
    const json headers = config.value("headers", json::object());
    for (const auto& [name, value] : headers.items()) {
      out.headers.emplace_back(name, parse_header(name, value.get<std::string>(), codes::bad_config));
    }
    parse_times(config, out);
    if (config.contains("max_page"))
      out.max_page = parse_size(config.at("max_page").get<std::string>(), "max_page");
    if (config.value("addresses", "any") == "public") out.addresses = address_policy::of_public;
    out.ca_file = config.value("tls", json::object()).value("ca_file", "");
    if (!out.ca_file.empty() && !std::ifstream(out.ca_file))
      refuse_config("tls.ca_file: cannot read `" + out.ca_file + "`");
    return out;
  } catch (const json::exception& wrong) {
    refuse_config(std::string("the configuration does not fit: ") + wrong.what());
  }
}

}  // namespace sluice::http
