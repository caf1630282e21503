// All that a host needs, as a process has it: plugins, a pipeline, its store and a runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "host/catalog_adapter.hpp"
#include "host/open.hpp"
#include "host/runtime.hpp"
#include "manifest/check.hpp"
#include "plugin/loader.hpp"

namespace sluice::testing {

struct host_times {
  std::int64_t lease_us = 30'000'000, remember_us = 60'000'000;
};

class one_host {
 public:
  explicit one_host(const std::string& manifest, host_times times = {})
      : one_host(manifest, nullptr, times) {}
  // At the store of another one, as pipelines of one process are.
  one_host(const std::string& manifest, one_host& beside, host_times times = {})
      : one_host(manifest, beside.store_, times) {}

  host::runtime& runtime() { return runtime_; }
  store::store& store() { return *store_; }

 private:
  one_host(const std::string& manifest, std::shared_ptr<store::store> store, host_times times)
      : catalog_(plugin::catalog::scan({std::filesystem::path(SLUICE_BINARY_DIR) / "plugins"})),
        pipeline_(read(manifest)),
        log_({observe::log_level::error, 2}, redactor_),
        loader_(catalog_, std::nullopt),
        secrets_(pipeline_.tenants, redactor_),
        store_(store ? std::move(store) : host::open_writable(host::store_options_of(pipeline_, secrets_))),
        runtime_({pipeline_, catalog_, loader_, log_, secrets_, *store_, times.lease_us, nullptr,
                  times.remember_us}) {}

  manifest::pipeline read(const std::string& text) {
    const host::catalog_adapter components(catalog_);
    auto checked = manifest::check_text("test.yaml", text, components, manifest::process_environment());
    if (!checked.ok()) throw std::runtime_error(manifest::render_text(checked.diagnostics));
    return std::move(*checked.pipeline);
  }

  observe::redactor redactor_;
  plugin::catalog catalog_;
  manifest::pipeline pipeline_;
  observe::logger log_;
  plugin::loader loader_;
  host::secret_store secrets_;
  std::shared_ptr<store::store> store_;
  host::runtime runtime_;
};

}  // namespace sluice::testing
