// One call into a plugin: whom it is for, until when, and the way to cancel it. Owns the sluice_call
// that the plugin sees. Thread-safe; outlives the call, and for a fetch its completion.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sluice/abi/base.h>

namespace sluice::plugin {

struct call_values {
  std::string tenant, run_id, correlation_id, traceparent;
  std::int64_t deadline_unix_us = 0;  // 0 = none
  bool essential = false;
};

class call_scope {
 public:
  explicit call_scope(call_values values);
  ~call_scope();
  call_scope(const call_scope&) = delete;
  call_scope& operator=(const call_scope&) = delete;

  // Turns cancelled() true and runs the plugin's hooks on this thread. Once; later calls do nothing.
  void cancel() noexcept;
  [[nodiscard]] bool cancelled() const noexcept;
  [[nodiscard]] const call_values& values() const noexcept;
  [[nodiscard]] const sluice_call* abi() const noexcept;

  // The scope that a sluice_call from a plugin belongs to; nullptr for none.
  [[nodiscard]] static const call_scope* from(const sluice_call* call) noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::plugin
