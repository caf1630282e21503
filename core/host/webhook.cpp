#include "host/webhook.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/failure.hpp"

namespace sluice::host {

namespace {

constexpr long connect_ms = 5'000, whole_ms = 10'000;

struct closer {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};
using handle = std::unique_ptr<CURL, closer>;
using lines = std::unique_ptr<curl_slist, closer>;

std::size_t ignore(char*, std::size_t size, std::size_t n, void*) { return size * n; }

lines headers_of(const webhook_call& call) {
  std::vector<std::string> all{"Content-Type: application/json", "User-Agent: sluice",
                               "Expect:", "webhook-id: " + call.id,
                               "webhook-timestamp: " + std::to_string(call.unix_s)};
  if (!call.secret.empty()) all.push_back("webhook-signature: " + webhook_signature(call));
  lines out;
  for (const std::string& line : all) {
    curl_slist* const longer = curl_slist_append(out.get(), line.c_str());
    if (longer == nullptr) return nullptr;
    static_cast<void>(out.release());
    out.reset(longer);
  }
  return out;
}

std::string to_base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(written));
  return out;
}

// Nothing: it is none.
std::optional<std::string> from_base64(const std::string& text) {
  std::string out(3 * (text.size() / 4) + 3, '\0');
  const int n =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
  if (n < 0 || text.empty() || text.size() % 4 != 0 || padding > 2) return std::nullopt;
  out.resize(static_cast<std::size_t>(n) - padding);
  return out;
}

std::string key_of(const std::string& secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix)) return secret;
  auto key = from_base64(secret.substr(prefix.size()));
  if (key && !key->empty()) return *std::move(key);
  throw engine::failure(engine::failure_class::invalid, "SLU-6093",
                        "the secret of a webhook begins with whsec_ and is no Base64 from there on");
}

}  // namespace

std::string webhook_signature(const webhook_call& call) {
  const std::string key = key_of(call.secret);
  const std::string text = call.id + "." + std::to_string(call.unix_s) + "." + call.body;
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size) == nullptr)
    throw engine::failure(engine::failure_class::internal, "SLU-6016", "a message can't be signed");
  return "v1," + to_base64(out, size);
}

std::string call_webhook(const webhook_call& call) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const handle h(ready == CURLE_OK ? curl_easy_init() : nullptr);
  const lines headers = headers_of(call);
  if (!h || !headers) return "there is no memory for a request";
  curl_easy_setopt(h.get(), CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(h.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(h.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(h.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  curl_easy_setopt(h.get(), CURLOPT_TIMEOUT_MS, whole_ms);
  curl_easy_setopt(h.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(h.get(), CURLOPT_POSTFIELDS, call.body.c_str());
  curl_easy_setopt(h.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  curl_easy_setopt(h.get(), CURLOPT_WRITEFUNCTION, ignore);
  const CURLcode done = curl_easy_perform(h.get());
  if (done != CURLE_OK) return curl_easy_strerror(done);
  long status = 0;
  curl_easy_getinfo(h.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return {};
  return "it answered " + std::to_string(status);
}

std::string shown_address(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "?";
  const std::size_t end = url.find_first_of("/?#", scheme + 3);
  const std::string authority = url.substr(scheme + 3, end == std::string::npos ? end : end - scheme - 3);
  const std::size_t at = authority.rfind('@');
  return url.substr(0, scheme + 3) + (at == std::string::npos ? authority : authority.substr(at + 1));
}

}  // namespace sluice::host
