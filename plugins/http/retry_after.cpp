#include "retry_after.hpp"

#include <algorithm>
#include <charconv>

#include <curl/curl.h>

namespace sluice::http {

std::chrono::milliseconds parse_retry_after(const std::string& value, const std::string& date, std::time_t now) {
  constexpr std::chrono::milliseconds none{0};
  if (value.empty()) return none;
  long long seconds = 0;
  const char* last = value.data() + value.size();
  if (const auto [end, ec] = std::from_chars(value.data(), last, seconds); end == last) {
    if (ec == std::errc::result_out_of_range) return value.front() == '-' ? none : longest_wait;
    if (seconds <= 0) return none;
  } else {
    const std::time_t until = curl_getdate(value.c_str(), nullptr);
    const std::time_t said = date.empty() ? -1 : curl_getdate(date.c_str(), nullptr);
    if (until == -1) return none;
    seconds = until - (said == -1 ? now : said);
    if (seconds <= 0) return none;
  }
  const long long most = longest_wait.count() / 1000;
  return std::chrono::milliseconds(std::min(seconds, most) * 1000);
}

}  // namespace sluice::http
