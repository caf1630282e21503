// What a plugin may ask of the host: logging, secrets, metrics. Plugins don't write to stderr, don't
// read the environment and keep no secret longer than the request that needs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/abi/base.h>
#include <sluice/call.hpp>
#include <sluice/detail/guard.hpp>
#include <sluice/detail/text.hpp>

namespace sluice {

enum class log_level : std::int32_t {
  debug = SLUICE_LOG_DEBUG,
  info = SLUICE_LOG_INFO,
  warn = SLUICE_LOG_WARN,
  error = SLUICE_LOG_ERROR,
};

// The value of a secret; wiped on destruction.
class secret {
 public:
  explicit secret(const sluice_secret& taken) noexcept : raw_(taken) {}
  secret(secret&& other) noexcept : raw_(std::exchange(other.raw_, sluice_secret{})) {}
  secret& operator=(secret&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~secret() {
    if (raw_.release != nullptr) raw_.release(&raw_);
  }
  [[nodiscard]] std::string_view value() const noexcept { return detail::view(raw_.value); }

 private:
  sluice_secret raw_;
};

// Borrows the host; valid for as long as the instance that it was given to. Safe from any thread.
class host_ref {
 public:
  explicit host_ref(const sluice_host* raw) noexcept : raw_(raw) {}

  [[nodiscard]] std::string_view version() const noexcept { return detail::view(raw_->version); }

  // fields_json: a JSON object or empty. Never blocks; the host may drop lines of a flood.
  void log(log_level level, std::string_view message, std::string_view fields_json = {}) const noexcept {
    raw_->log(raw_, nullptr, static_cast<std::int32_t>(level), detail::str(message),
              detail::str(fields_json));
  }
  void log(const call& c, log_level level, std::string_view message,
           std::string_view fields_json = {}) const noexcept {
    raw_->log(raw_, c.raw(), static_cast<std::int32_t>(level), detail::str(message),
              detail::str(fields_json));
  }

  // A service of the host by its id, or nullptr.
  template <class Table>
  [[nodiscard]] const Table* service(const char* id) const noexcept {
    return static_cast<const Table*>(raw_->service(raw_, id));
  }
  // The same, for a plugin that can't work without it.
  template <class Table>
  [[nodiscard]] const Table& require(const char* id) const {
    if (const auto* table = service<Table>(id); table != nullptr) return *table;
    throw failure(status::unsupported, codes::service_missing,
                  "this host (" + std::string(version()) + ") has no service " + id + "; upgrade the host");
  }

  // Expands ${secret:...} and ${tenant.secrets...} for the tenant of the call.
  [[nodiscard]] secret expand(const call& c, std::string_view text) const {
    const auto& secrets = require<sluice_secrets_v1>(SLUICE_SECRETS_1);
    sluice_secret out{};
    out.size = sizeof out;
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = secrets.expand(raw_, c.raw(), detail::str(text), &out, &e);
    if (s != SLUICE_OK) throw detail::take_error(s, e);
    return secret(out);
  }

  // Counters and gauges; a host without metrics ignores them.
  void add(std::string_view name, double delta = 1) const noexcept {
    if (const auto* m = service<sluice_metrics_v1>(SLUICE_METRICS_1)) m->add(raw_, detail::str(name), delta);
  }
  void set(std::string_view name, double value) const noexcept {
    if (const auto* m = service<sluice_metrics_v1>(SLUICE_METRICS_1)) m->set(raw_, detail::str(name), value);
  }

  [[nodiscard]] const sluice_host* raw() const noexcept { return raw_; }

 private:
  const sluice_host* raw_;
};

// What every component is made from. config_json is valid against the component's schema and
// borrowed: read it in the constructor.
struct setup {
  host_ref host;
  std::string_view config_json;
};

}  // namespace sluice
