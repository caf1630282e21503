// What a source sent and what came back, for whoever looks at single requests: see abi/trace.h.
#pragma once

#include <string_view>

#include <sluice/abi/trace.h>
#include <sluice/detail/text.hpp>
#include <sluice/host.hpp>

namespace sluice {

class tracer {
 public:
  explicit tracer(const host_ref& host) noexcept
      : host_(host.raw()), table_(host.service<sluice_trace_v1>(SLUICE_TRACE_1)) {}

  // Whether somebody looks: else nothing need be collected.
  [[nodiscard]] bool on() const noexcept { return table_ != nullptr; }
  void exchange(const sluice_call* call, std::string_view exchange_json,
                std::string_view body) const noexcept {
    if (on()) table_->exchange(host_, call, detail::str(exchange_json), detail::str(body));
  }

 private:
  const sluice_host* host_;
  const sluice_trace_v1* table_;
};

}  // namespace sluice
