// What a plugin knows about the call that it serves: whose data, which run, how long, and whether
// anybody still waits for the answer.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include <sluice/abi/base.h>
#include <sluice/detail/text.hpp>
#include <sluice/failure.hpp>

namespace sluice {

// Borrows the host's call: valid until the call has returned or, in a source, was completed.
class call {
 public:
  explicit call(const sluice_call* raw) noexcept : raw_(raw) {}

  [[nodiscard]] std::string_view tenant() const noexcept { return detail::view(raw_->tenant); }
  [[nodiscard]] std::string_view run_id() const noexcept { return detail::view(raw_->run_id); }
  [[nodiscard]] std::string_view correlation_id() const noexcept {
    return detail::view(raw_->correlation_id);
  }
  [[nodiscard]] std::string_view traceparent() const noexcept { return detail::view(raw_->traceparent); }
  // A user waits for the answer.
  [[nodiscard]] bool essential() const noexcept { return (raw_->flags & SLUICE_CALL_ESSENTIAL) != 0; }
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> deadline() const noexcept {
    if (raw_->deadline_unix_us == 0) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::microseconds(raw_->deadline_unix_us));
  }
  // Cheap: poll it in every loop.
  [[nodiscard]] bool cancelled() const noexcept {
    return raw_->cancelled != nullptr && raw_->cancelled(raw_) != 0;
  }
  void throw_if_cancelled() const {
    if (cancelled()) throw failure(status::cancelled, codes::call_cancelled, "the call was cancelled");
  }
  [[nodiscard]] const sluice_call* raw() const noexcept { return raw_; }

 private:
  const sluice_call* raw_;
};

// Runs `fn` at most once, on another thread, when the call is cancelled; at once if it already is.
// The destructor waits for an fn that is running, so fn may use what outlives the hook. Never
// destroy the hook from within its own fn.
class cancel_hook {
 public:
  template <class Fn>
  cancel_hook(const call& c, Fn&& fn) : raw_(c.raw()), fn_(std::forward<Fn>(fn)) {
    if (raw_->on_cancel != nullptr) token_ = raw_->on_cancel(raw_, run, this);
  }
  cancel_hook(const cancel_hook&) = delete;
  cancel_hook& operator=(const cancel_hook&) = delete;
  ~cancel_hook() {
    if (raw_->off_cancel != nullptr) raw_->off_cancel(raw_, token_);
  }

 private:
  static void run(void* self) noexcept { static_cast<cancel_hook*>(self)->fn_(); }

  const sluice_call* raw_;
  std::function<void()> fn_;
  std::uint64_t token_ = 0;
};

}  // namespace sluice
