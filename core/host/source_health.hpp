// Which sources fail or are slow, and which plugins are, as far as this host has seen. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "engine/ports.hpp"
#include "host/breaker.hpp"

namespace sluice::host {

struct health_limits {
  int failures = 5;                   // in a row: it fails
  std::int64_t slow_us = 10'000'000;  // it is slow: so long without an answer, or the last ones on average
};

class source_health {
 public:
  explicit source_health(engine::clock_port& clock, health_limits limits = {})
      : clock_(clock), limits_(limits), gate_(clock) {}

  // Called when a source gets well, without a lock.
  void on_recovery(std::function<void()> tell);

  enum class how : std::uint8_t { unknown, good, bad };
  // One request. It ends when this dies; without a word about how it went it counts for nothing.
  class request {
   public:
    request(source_health* to, std::string address);
    request(const request&) = delete;
    request& operator=(const request&) = delete;
    ~request();
    void good() noexcept { went_ = how::good; }
    void bad() noexcept { went_ = how::bad; }

   private:
    source_health* to_;  // null: nobody wants to know
    std::string address_;
    std::int64_t began_us_ = 0;
    how went_ = how::unknown;
  };

  // Asked before anything is sent.
  [[nodiscard]] breaker& gate() noexcept { return gate_; }
  // True: what has to do with it may hold only its share of the host. Of an address.
  [[nodiscard]] bool sick(const std::string& address) const;
  // Whether any address of the source is.
  [[nodiscard]] bool any_sick(const std::string& source) const;
  // Addresses that it remembers.
  [[nodiscard]] std::size_t known() const;

 private:
  struct state {
    int failures = 0;
    std::int64_t mean_us = 0;      // of the last requests that were answered
    std::int64_t answered_us = 0;  // when the last one was
    std::multiset<std::int64_t> began_us;
  };
  [[nodiscard]] bool sick(const state& s) const;
  void began(const std::string& address, std::int64_t at_us);
  void ended(const std::string& address, std::int64_t began_us, how went);

  engine::clock_port& clock_;
  health_limits limits_;
  breaker gate_;
  mutable std::mutex mutex_;
  std::map<std::string, state, std::less<>> states_;  // by address
  std::function<void()> tell_;
};

// A source's name among those of all pipelines.
[[nodiscard]] inline std::string health_name(const std::string& pipeline, const std::string& source) {
  return pipeline + "/" + source;
}
// A domain plugin's among the sources: no source has a blank in its name.
[[nodiscard]] inline std::string plugin_name(const std::string& uses) { return "plugin " + uses; }
// Of a source whose address depends on the tenant: what is known of it is known for that tenant.
[[nodiscard]] inline std::string address_name(const std::string& source, const std::string& tenant) {
  return source + " of " + tenant;
}
// The source of an address.
[[nodiscard]] inline std::string_view source_of(std::string_view address) {
  return address.substr(0, address.find(" of "));
}

}  // namespace sluice::host
