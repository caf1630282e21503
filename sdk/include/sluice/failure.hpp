// How a plugin says that something went wrong: a status tells the caller what it may do, the
// message tells people what, where and what to do next. Throw `failure` from anywhere in a plugin.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <sluice/abi/base.h>

namespace sluice {

enum class status : sluice_status {
  invalid = SLUICE_INVALID,          // stop: the input or the configuration is wrong
  not_found = SLUICE_NOT_FOUND,      // stop for this item: it does not exist (any more)
  unsupported = SLUICE_UNSUPPORTED,  // stop: this plugin can't do that
  transient = SLUICE_TRANSIENT,      // retry with backoff
  throttled = SLUICE_THROTTLED,      // retry, not before retry_after
  denied = SLUICE_DENIED,            // stop: the credentials are refused
  cancelled = SLUICE_CANCELLED,      // the call was cancelled
  deadline = SLUICE_DEADLINE,        // the call's deadline passed
  internal = SLUICE_INTERNAL,        // stop: a defect of the plugin
};

// The stable codes of failures that the SDK itself reports.
namespace codes {
inline constexpr const char* plugin_defect = "SLU-2901";  // an exception that is not a failure
inline constexpr const char* out_of_memory = "SLU-2902";
inline constexpr const char* call_cancelled = "SLU-2903";
inline constexpr const char* call_dropped = "SLU-2904";      // a source gave no answer
inline constexpr const char* batch_mismatch = "SLU-2905";    // a batch lacks a column of its stream
inline constexpr const char* service_missing = "SLU-2906";   // the host is too old for this plugin
inline constexpr const char* page_invalid = "SLU-2907";      // a source made a page no host can take
inline constexpr const char* unknown_variable = "SLU-3901";  // a template names what is not there
inline constexpr const char* bad_template = "SLU-3902";
inline constexpr const char* bad_vars = "SLU-3903";
inline constexpr const char* unsafe_segment = "SLU-3904";  // a value would change the path
}  // namespace codes

class failure : public std::exception {
 public:
  failure(status kind, std::string code, std::string message, std::chrono::milliseconds retry_after = {},
          int http_status = 0)
      : kind_(kind),
        code_(std::move(code)),
        message_(std::move(message)),
        retry_after_(retry_after),
        http_status_(http_status) {}

  [[nodiscard]] status kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }  // "SLU-3103"
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }
  [[nodiscard]] int http_status() const noexcept { return http_status_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  status kind_;
  std::string code_, message_;
  std::chrono::milliseconds retry_after_;
  int http_status_;
};

}  // namespace sluice
