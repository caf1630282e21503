// How an operation of a port fails. The class says what the engine does next; the rest is for people.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace sluice::engine {

enum class failure_class : std::uint8_t {
  transient,  // retry with backoff
  throttled,  // retry, not before retry_after_us
  not_found,  // this item is gone; a child of a vanished parent ends, a plain read fails
  denied,     // credentials refused: the stage fails, checkpoints stay
  invalid,    // input or configuration wrong: the stage fails
  fenced,     // another attempt owns the stage or run: stop without a result
  in_doubt,   // a commit may or may not have happened: look it up by its id
  cancelled,
  deadline,
  internal,  // a defect: the stage fails
};

// Where a read failed, and how, for the log; what is not known has no value.
struct circumstances {
  std::string item;
  std::int64_t page = 0;  // from 1 on
  int attempt = 0;        // in a row
  int upstream_status = 0;
};

class failure : public std::exception {
 public:
  failure(failure_class c, std::string code, std::string message, std::int64_t retry_after_us = 0)
      : class_(c), code_(std::move(code)), message_(std::move(message)), retry_after_us_(retry_after_us) {}

  [[nodiscard]] failure_class kind() const noexcept { return class_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }  // "SLU-3103"
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] std::int64_t retry_after_us() const noexcept { return retry_after_us_; }
  [[nodiscard]] bool retryable() const noexcept {
    return class_ == failure_class::transient || class_ == failure_class::throttled;
  }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] const circumstances& in() const noexcept { return in_; }
  failure&& with(circumstances in) && {
    in_ = std::move(in);
    return std::move(*this);
  }

 private:
  failure_class class_;
  std::string code_, message_;
  std::int64_t retry_after_us_;
  circumstances in_;
};

// The exception that is being handled, as a failure: for the one place where a coroutine ends. What is
// not a failure is a defect, and ends the work that it came from and nothing else.
[[nodiscard]] inline failure current_failure() {
  try {
    throw;
  } catch (const failure& f) {
    return f;
  } catch (const std::exception& e) {
    return {failure_class::internal, "SLU-6016", std::string("unexpected: ") + e.what()};
  }
}

}  // namespace sluice::engine
