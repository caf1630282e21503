#include "plugin/guard.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace sluice::plugin {

namespace {

constexpr std::size_t longest_error = 4096;

status known(sluice_status s) noexcept {
  return s >= SLUICE_INVALID && s <= SLUICE_INTERNAL ? static_cast<status>(s) : status::internal;
}

const char* in_words(status s) noexcept {
  switch (s) {
    case status::invalid: return "the input or the configuration is wrong";
    case status::not_found: return "what was asked for does not exist";
    case status::unsupported: return "the plugin can't do that";
    case status::transient: return "a failure that may pass";
    case status::throttled: return "too many requests";
    case status::denied: return "the credentials are refused";
    case status::cancelled: return "the call was cancelled";
    case status::deadline: return "the deadline passed";
    case status::internal: break;
  }
  return "a defect of the plugin";
}

}  // namespace

std::string readable(sluice_str text, std::size_t max) {
  using json = nlohmann::json;
  std::string out(from_abi(text).substr(0, max));
  out = json::parse(json(out).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  std::replace(out.begin(), out.end(), '\0', ' ');  // no store keeps it
  return out;
}

error error_slot::take(sluice_status s, const std::string& who) const {
  const status kind = known(s);
  std::string message = readable(error_.message, longest_error);
  if (message.empty()) message = who + " failed with status " + std::to_string(s) + ": " + in_words(kind);
  std::string code = readable(error_.code, 64);
  if (code.empty()) code = code::plugin_failed;
  return {kind, std::move(code), std::move(message), error_.retry_after_ms, error_.http_status};
}

}  // namespace sluice::plugin
