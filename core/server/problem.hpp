// Errors as application/problem+json (RFC 9457), and the status that each kind of failure has.
#pragma once

#include <exception>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "server/message.hpp"

namespace sluice::server {

// What ends a request with an answer other than its good one.
class refusal : public std::exception {
 public:
  refusal(unsigned status, std::string code, std::string detail)
      : status_(status), code_(std::move(code)), detail_(std::move(detail)) {}

  refusal&& with(std::string header, std::string value) && {
    headers_.emplace_back(std::move(header), std::move(value));
    return std::move(*this);
  }
  // The connection can't be gone on with.
  refusal&& last() && {
    close_ = true;
    return std::move(*this);
  }
  // Each {pointer, detail}.
  refusal&& about(nlohmann::json errors) && {
    errors_ = std::move(errors);
    return std::move(*this);
  }

  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const char* what() const noexcept override { return detail_.c_str(); }
  [[nodiscard]] answer to_answer(const std::string& correlation_id) const;

 private:
  unsigned status_;
  std::string code_, detail_;
  std::vector<std::pair<std::string, std::string>> headers_;
  nlohmann::json errors_;
  bool close_ = false;
};

// The exception that is being handled. What nobody expected is a defect, and says nothing of itself to the caller.
[[nodiscard]] refusal current_refusal();
[[nodiscard]] refusal refusal_of(const engine::failure& f);

// In the same words whether it is not there or somebody else's.
[[nodiscard]] refusal no_such_tenant(const std::string& tenant);
[[nodiscard]] refusal no_such_run(const std::string& run_id);

}  // namespace sluice::server
