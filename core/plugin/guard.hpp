// The one place where calls go out to a plugin's functions: turns statuses into errors, and keeps an
// exception that a plugin lets out from going further.
#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <sluice/abi/base.h>

#include "plugin/codes.hpp"
#include "plugin/error.hpp"

namespace sluice::plugin {

[[nodiscard]] inline sluice_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }
// A string from a plugin; one without data is empty.
[[nodiscard]] inline std::string_view from_abi(sluice_str text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.len);
}

// At most so many bytes of a plugin's text, and always text: bytes that are no UTF-8 are replaced, since messages
// are stored and written as JSON, and often repeat what an upstream sent.
[[nodiscard]] std::string readable(sluice_str text, std::size_t max);

// A sluice_error for a callee to fill; releases it.
class error_slot {
 public:
  error_slot() { error_.size = sizeof error_; }
  // Takes over one that a plugin moved here; may be nullptr.
  explicit error_slot(sluice_error* taken) : error_slot() {
    if (taken == nullptr) return;
    std::memcpy(&error_, taken, taken->size < sizeof error_ ? taken->size : sizeof error_);
    error_.size = sizeof error_;
    if (SLUICE_HAS(taken, sluice_error, release)) taken->release = nullptr;
  }
  error_slot(const error_slot&) = delete;
  error_slot& operator=(const error_slot&) = delete;
  ~error_slot() {
    if (error_.release != nullptr) error_.release(&error_);
  }
  [[nodiscard]] sluice_error* raw() noexcept { return &error_; }
  // `who` leads the message of a failure that the plugin did not explain.
  [[nodiscard]] error take(sluice_status s, const std::string& who) const;

 private:
  sluice_error error_{};
};

// Runs `call`; an exception of the plugin's becomes error(internal).
template <typename Call>
void stop_exceptions(const std::string& who, Call call) {
  const auto threw = [&](const std::string& what) {
    return error(status::internal, code::plugin_threw,
                 who + " threw an exception (" + what + "); report it to the plugin's maker");
  };
  try {
    call();
  } catch (const std::exception& e) {
    throw threw(e.what());
  } catch (...) {
    throw threw("not a std::exception");
  }
}

// Calls a function of a plugin that returns a status and fills an error.
template <typename Call>
void call_plugin(const std::string& who, Call call) {
  error_slot slot;
  sluice_status s = SLUICE_INTERNAL;
  stop_exceptions(who, [&] { s = call(slot.raw()); });
  if (s != SLUICE_OK) throw slot.take(s, who);
}

}  // namespace sluice::plugin
