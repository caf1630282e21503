#include "host/webhook.hpp"

#include <memory>

#include <curl/curl.h>

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
  lines out;
  for (const std::string& line :
       {std::string("Content-Type: application/json"), std::string("User-Agent: sluice"),
        std::string("Expect:"), "webhook-id: " + call.id,
        "webhook-timestamp: " + std::to_string(call.unix_s)}) {
    curl_slist* const longer = curl_slist_append(out.get(), line.c_str());
    if (longer == nullptr) return nullptr;
    static_cast<void>(out.release());
    out.reset(longer);
  }
  return out;
}

}  // namespace

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
