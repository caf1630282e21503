// A host that is not there, for tests of plugins: it keeps what was logged and counted, and knows the
// secrets that the test gave it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/host.hpp>

namespace sluice::testkit {

class fake_host {
 public:
  struct line {
    log_level level;
    std::string message, fields_json;
  };

  std::map<std::string, std::string, std::less<>> secrets;  // by the template's text: "${tenant.secrets.crm}"

  fake_host() {
    raw_.size = sizeof raw_;
    raw_.abi_minor = SLUICE_ABI_MINOR;
    raw_.name = sluice::detail::str("testkit");
    raw_.version = sluice::detail::str("0");
    raw_.log = log;
    raw_.service = service;
    raw_.impl = this;
  }
  fake_host(const fake_host&) = delete;
  fake_host& operator=(const fake_host&) = delete;

  // Offers one more service, such as sluice.steps/1. The table must outlive the host.
  void offer(const std::string& id, const void* table) { services_[id] = table; }

  [[nodiscard]] std::vector<line> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  [[nodiscard]] double metric(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto at = metrics_.find(name);
    return at == metrics_.end() ? 0 : at->second;
  }
  // Secrets that were handed out and not yet released.
  [[nodiscard]] int secrets_alive() const {
    const std::lock_guard lock(mutex_);
    return secrets_alive_;
  }
  [[nodiscard]] const sluice_host* raw() const noexcept { return &raw_; }
  [[nodiscard]] setup with(std::string_view config_json) const { return {host_ref(&raw_), config_json}; }

 private:
  struct secret_text {
    fake_host& host;
    std::string value;
  };

  static fake_host& self(const sluice_host* h) { return *static_cast<fake_host*>(h->impl); }

  static void log(const sluice_host* h, const sluice_call*, std::int32_t level, sluice_str message,
                  sluice_str fields) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).lines_.push_back({static_cast<log_level>(level), std::string(sluice::detail::view(message)),
                              std::string(sluice::detail::view(fields))});
  }
  static const void* service(const sluice_host* h, const char* id) {
    static constexpr sluice_secrets_v1 secret_table{sizeof(sluice_secrets_v1), expand};
    static constexpr sluice_metrics_v1 metric_table{sizeof(sluice_metrics_v1), add, set};
    const std::string_view name = id;
    if (const auto at = self(h).services_.find(name); at != self(h).services_.end()) return at->second;
    if (name == SLUICE_SECRETS_1) return &secret_table;
    if (name == SLUICE_METRICS_1) return &metric_table;
    return nullptr;
  }

  static sluice_status expand(const sluice_host* h, const sluice_call*, sluice_str text, sluice_secret* out,
                              sluice_error* e) {
    return sluice::detail::guard(e, [&] {
      fake_host& it = self(h);
      const auto at = it.secrets.find(sluice::detail::view(text));
      if (at == it.secrets.end()) {
        throw failure(status::invalid, "SLU-0000",
                      "the test gave no value for " + std::string(sluice::detail::view(text)));
      }
      auto owned = std::make_unique<secret_text>(secret_text{it, at->second});
      const std::lock_guard lock(it.mutex_);
      ++it.secrets_alive_;
      out->value = sluice::detail::str(owned->value);
      out->release = release;
      out->impl = owned.release();
    });
  }
  static void release(sluice_secret* s) {
    const std::unique_ptr<secret_text> owned(static_cast<secret_text*>(s->impl));
    const std::lock_guard lock(owned->host.mutex_);
    --owned->host.secrets_alive_;
    s->release = nullptr;
  }

  static void add(const sluice_host* h, sluice_str name, double delta) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).metrics_[std::string(sluice::detail::view(name))] += delta;
  }
  static void set(const sluice_host* h, sluice_str name, double value) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).metrics_[std::string(sluice::detail::view(name))] = value;
  }

  sluice_host raw_{};
  mutable std::mutex mutex_;
  std::vector<line> lines_;
  std::map<std::string, double> metrics_;
  std::map<std::string, const void*, std::less<>> services_;
  int secrets_alive_ = 0;
};

}  // namespace sluice::testkit
