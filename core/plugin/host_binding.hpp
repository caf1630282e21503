// The host as one plugin instance sees it: a sluice_host and its services, over host_services.
#pragma once

#include <memory>
#include <string>

#include <sluice/abi/base.h>

#include "plugin/host_services.hpp"

namespace sluice::plugin {

class host_binding {
 public:
  // `host` must outlive the instance that gets this.
  host_binding(host_services& host, std::string plugin);
  ~host_binding();
  host_binding(const host_binding&) = delete;
  host_binding& operator=(const host_binding&) = delete;

  [[nodiscard]] const sluice_host* abi() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::plugin
