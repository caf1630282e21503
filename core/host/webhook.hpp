// Telling another system something by HTTP: a POST of JSON that is answered with 2xx, or it was not told.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::host {

struct webhook_call {
  std::string url, body;
  std::string id;           // webhook-id: the same each time it is tried
  std::int64_t unix_s = 0;  // webhook-timestamp
  std::string secret = {};  // empty: no webhook-signature
};

// "v1,…": HMAC-SHA256 of "id.timestamp.body" in Base64, as Standard Webhooks has it. A secret that begins with `whsec_` is
// Base64 from there on; any other one is taken as it is. Throws engine::failure (SLU-6093) for one that is neither.
[[nodiscard]] std::string webhook_signature(const webhook_call& call);

// Empty: it was taken. Else why not, without the address. Blocks for at most ten seconds. No redirects are followed,
// and no proxy of the environment is used.
[[nodiscard]] std::string call_webhook(const webhook_call& call);

// "https://hooks.example.com": what of an address may be shown, since the rest may be secret.
[[nodiscard]] std::string shown_address(const std::string& url);

}  // namespace sluice::host
