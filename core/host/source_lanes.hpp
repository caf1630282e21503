// The limits of a source. They are of the upstream that its address leads to: where the scheme and host of the address
// depend on the tenant, each such upstream has limits of its own, so that one that is slow, or asks to be left alone,
// keeps nobody else waiting. Used on the engine's executor only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/limiter.hpp"

namespace sluice::host {

// The texts at the top of a source's config that name a tenant: one of them may be its address.
[[nodiscard]] std::vector<std::string> texts_by_tenant(const std::string& config);

using value_fn = std::function<std::string(std::string_view name)>;

// Scheme and host of each of these texts that is an address and has them from the tenant; `value` gives what stands for
// `tenant` and for `tenant.vars.NAME`. Empty: the tenant has no upstream of its own.
[[nodiscard]] std::string origin_of(const std::vector<std::string>& texts, const value_fn& value);

class source_lanes {
 public:
  struct lane {
    lane(boost::asio::any_io_executor on, engine::clock_port& clock, request_limits of)
        : limits(std::move(on), clock, of) {}
    limiter limits;
    std::int64_t not_before_us = 0;  // steady; the upstream wants to be left alone until then
  };

  source_lanes(boost::asio::any_io_executor on, engine::clock_port& clock, request_limits limits)
      : executor_(std::move(on)), clock_(clock), limits_(limits) {}

  // Kept by who uses it for as long as it does.
  [[nodiscard]] std::shared_ptr<lane> of(const std::string& origin);
  [[nodiscard]] std::size_t size() const noexcept { return lanes_.size(); }

 private:
  void forget_idle();

  boost::asio::any_io_executor executor_;
  engine::clock_port& clock_;
  request_limits limits_;
  std::map<std::string, std::shared_ptr<lane>> lanes_;  // by origin
};

}  // namespace sluice::host
