// The configuration of one http source, checked and parsed once.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/template.hpp>

#include "addresses.hpp"

namespace sluice::http {

using header_templates = std::vector<std::pair<std::string, text_template>>;

// RFC 6749 §4.4: a token for the client's own credentials.
struct token_settings {
  text_template url, client_id;
  std::string secret;     // a template that only the host expands
  header_templates form;  // scope, audience and what else is sent along
  bool in_body = false;   // the credentials: in the form, or as Basic
  std::chrono::milliseconds margin{30'000};
};

struct auth_settings {
  enum class how : std::uint8_t { none, bearer, basic, header, client_credentials } how = how::none;
  token_settings token;    // of `client_credentials`
  std::string header;      // of `header`
  text_template username;  // of `basic`
  std::string secret;      // a template that only the host expands; empty: none
  bool key_as_user = false;
};

struct settings {
  text_template base_url;
  auth_settings auth;
  header_templates headers;
  std::chrono::milliseconds connect{5'000}, first_byte{30'000}, total{120'000}, speed_over{30'000};
  std::uint64_t min_rate = 1024;  // bytes a second
  std::uint64_t max_page = 32U << 20U;
  std::string ca_file;
  address_policy addresses = address_policy::any;
};

// Throws failure (invalid) that names the setting.
[[nodiscard]] settings parse_settings(std::string_view config_json);
// The same rules for a read's own headers.
[[nodiscard]] text_template parse_header(const std::string& name, const std::string& value, const char* code);

}  // namespace sluice::http
