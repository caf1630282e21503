#include "transfer.hpp"

#include <algorithm>
#include <new>

#include <sys/socket.h>

#include <sluice/failure.hpp>

#include "url.hpp"

namespace sluice::http {
namespace {
constexpr std::uint64_t error_body = 8192;         // kept of an answer that is no page
constexpr std::uint64_t longest_error = 1U << 20U; // read of one, so that the connection can be used again
constexpr std::uint64_t ratio_from = 1U << 20U;    // small pages compress well
constexpr std::uint64_t largest_ratio = 100;
constexpr std::size_t longest_head = 64U << 10U;

bool same_text(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y; });
}
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}
std::int64_t time_of(CURL* easy, CURLINFO what) {
  curl_off_t us = 0;
  curl_easy_getinfo(easy, what, &us);
  return us;
}
}  // namespace

transfer::transfer(const settings& s, prepared_request&& request, std::vector<std::string> headers)
    : settings_(s), request_(std::move(request)) {
  for (const auto* list : {&request_.headers, &headers}) {
    for (const std::string& line : *list) add_header(line);
  }
}

void transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  headers_ = longer;
}

transfer::~transfer() {
  // Credentials stand in these lines, or in the form of a token: wipe them before the memory goes back.
  std::fill_n(static_cast<volatile char*>(request_.body.data()), request_.body.size(), '\0');
  for (curl_slist* h = headers_; h != nullptr; h = h->next) {
    std::fill_n(static_cast<volatile char*>(h->data), std::char_traits<char>::length(h->data), '\0');
  }
  curl_slist_free_all(headers_);
}

void transfer::arm(CURL* easy, steady::time_point now) {
  easy_ = easy;
  started_ = window_start_ = now;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(ends - now);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
  watch_handshake(easy, met);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(left.count(), 1)));
  if (request_.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
}

enum transfer::phase transfer::progress() const {
  if (head.status != 0) return phase::receive;
  if (time_of(easy_, CURLINFO_PRETRANSFER_TIME_T) > 0) return phase::wait;
  return time_of(easy_, CURLINFO_NAMELOOKUP_TIME_T) > 0 ? phase::connect : phase::resolve;
}

given_up transfer::check(steady::time_point now) {
  using std::chrono::microseconds;
  if (*cancelled) return reason = given_up::cancelled;
  switch (progress()) {
    case phase::wait: {
      const auto sent = started_ + microseconds(time_of(easy_, CURLINFO_PRETRANSFER_TIME_T));
      if (now - sent > settings_.first_byte) return reason = given_up::first_byte;
      window_start_ = now;
      return given_up::no;
    }
    case phase::receive: {
      if (now - window_start_ < settings_.speed_over) return given_up::no;
      const double seconds = std::chrono::duration<double>(now - window_start_).count();
      if (static_cast<double>(received_ - window_bytes_) < static_cast<double>(settings_.min_rate) * seconds) {
        return reason = given_up::too_slow;
      }
      window_start_ = now;
      window_bytes_ = received_;
      return given_up::no;
    }
    default: return given_up::no;
  }
}

void transfer::finish(CURLcode result) {
  code = result;
  phase = progress();
  detail = error_[0] != '\0' ? error_ : curl_easy_strerror(result);
  curl_off_t wire = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &wire);
  wire_bytes = static_cast<std::uint64_t>(wire);
  if (watched) keep_measures();
  easy_ = nullptr;
}

void transfer::keep_measures() {
  took_us = time_of(easy_, CURLINFO_TOTAL_TIME_T);
  const char* address = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address);
  long port = 0;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_PORT, &port);
  if (address != nullptr && *address != '\0') peer = address + (" port " + std::to_string(port));
}

std::size_t transfer::on_body(char* data, std::size_t one, std::size_t n, void* self) {
  try {
    return static_cast<transfer*>(self)->take({data, one * n}) ? one * n : CURL_WRITEFUNC_ERROR;
  } catch (const std::bad_alloc&) {  // curl is C: what it is told ends the transfer, and finish says why
    static_cast<transfer*>(self)->reason = given_up::too_large;
    return CURL_WRITEFUNC_ERROR;
  }
}

bool transfer::take(std::string_view bytes) {
  received_ += bytes.size();
  if (head.status < 200 || head.status > 299) {
    if (body.size() < error_body) body.append(bytes.substr(0, error_body - body.size()));
    if (received_ > longest_error) reason = given_up::enough;
    return reason == given_up::no;
  }
  if (body.size() + bytes.size() > settings_.max_page) {
    reason = given_up::too_large;
    return false;
  }
  if (body.size() == 0) {
    curl_off_t length = 0;
    curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (head.content_encoding.empty() && length > 0) {
      body.reserve(std::min(static_cast<std::uint64_t>(length), settings_.max_page));
    }
  }
  body.append(bytes);
  if (body.size() > ratio_from) {
    curl_off_t wire = 0;
    curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &wire);
    if (!head.content_encoding.empty() && body.size() > largest_ratio * static_cast<std::uint64_t>(std::max<curl_off_t>(wire, 1))) {
      reason = given_up::bomb;
      return false;
    }
  }
  return true;
}

std::size_t transfer::on_header(char* data, std::size_t one, std::size_t n, void* self) {
  try {
    static_cast<transfer*>(self)->take_header({data, one * n});
    return static_cast<transfer*>(self)->reason == given_up::bad_head ? 0 : one * n;
  } catch (const std::bad_alloc&) {
    return 0;  // ends the transfer
  }
}

void transfer::take_header(std::string_view line) {
  head.bytes += line.size();
  line = trimmed(line);
  received_ += line.size();
  if (head.bytes > longest_head) head.wrong = "it is longer than 64 KiB";
  if (line.starts_with("HTTP/")) {  // a head of its own: earlier ones were 1xx
    head = {.bytes = head.bytes};
    lines.clear();
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    head.status = status >= 200 ? static_cast<int>(status) : 0;
    const auto space = line.find(' ', line.find(' ') + 1);
    if (space != std::string_view::npos) head.reason = trimmed(line.substr(space)).substr(0, 60);
    return;
  }
  if (line.empty() || !head.wrong.empty()) return end_head();
  if (watched) lines.emplace_back(line);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (same_text(name, "content-type")) head.content_type = value;
  else if (same_text(name, "content-encoding")) head.content_encoding = same_text(value, "identity") ? "" : value;
  else if (same_text(name, "retry-after")) head.retry_after = value;
  else if (same_text(name, "date")) head.date = value;
  else if (same_text(name, "location")) head.location = value;
  else if (same_text(name, "link")) head.link += (head.link.empty() ? "" : ", ") + std::string(value);
  else take_framing(name, value);
  if (!request_.total_header.empty() && same_text(name, request_.total_header)) head.total = value;
}

// How long the body is must be beyond doubt: whoever reads it otherwise, a proxy perhaps, sees other answers.
void transfer::take_framing(std::string_view name, std::string_view value) {
  if (same_text(name, "transfer-encoding")) {
    head.chunked = true;
    if (!same_text(value, "chunked")) head.wrong = "its Transfer-Encoding is not `chunked`";
  } else if (same_text(name, "content-length")) {
    const bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits) head.wrong = "its Content-Length is no number";
    else if (!head.length.empty() && head.length != value) head.wrong = "it has two lengths";
    head.length = value;
  }
}

void transfer::end_head() {
  if (!head.wrong.empty()) {
    reason = given_up::bad_head;
    return;
  }
  const bool bodiless = head.status == 204 || head.status == 304;
  const bool doubtful = head.chunked && !head.length.empty();
  if (bodiless || doubtful) curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);  // what follows belongs to nobody
}

curl_socket_t transfer::on_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& t = *static_cast<transfer*>(self);
  try {
    if (!may_connect(address->addr, t.settings_.addresses, host_of(t.request_.origin_url))) {
      t.refused_address = to_text(address->addr);
      return CURL_SOCKET_BAD;
    }
  } catch (const std::bad_alloc&) {
    return CURL_SOCKET_BAD;  // curl is C: no connection, and it says so
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace sluice::http
