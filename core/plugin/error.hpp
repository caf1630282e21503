// How a call into a plugin, or its loading, fails. The status says what the caller may do next.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <sluice/abi/base.h>

namespace sluice::plugin {

enum class status : std::int32_t {
  invalid = SLUICE_INVALID,
  not_found = SLUICE_NOT_FOUND,
  unsupported = SLUICE_UNSUPPORTED,
  transient = SLUICE_TRANSIENT,
  throttled = SLUICE_THROTTLED,
  denied = SLUICE_DENIED,
  cancelled = SLUICE_CANCELLED,
  deadline = SLUICE_DEADLINE,
  internal = SLUICE_INTERNAL,
};

class error : public std::exception {
 public:
  error(status s, std::string code, std::string message, std::int32_t retry_after_ms = 0,
        std::int32_t http_status = 0)
      : status_(s),
        code_(std::move(code)),
        message_(std::move(message)),
        retry_after_ms_(retry_after_ms),
        http_status_(http_status) {}

  [[nodiscard]] status kind() const noexcept { return status_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }  // "SLU-2012"
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] std::int32_t retry_after_ms() const noexcept { return retry_after_ms_; }  // 0 = unknown
  [[nodiscard]] std::int32_t http_status() const noexcept { return http_status_; }        // 0 = none
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  status status_;
  std::string code_, message_;
  std::int32_t retry_after_ms_, http_status_;
};

}  // namespace sluice::plugin
