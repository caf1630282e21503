// Keeps requests from an upstream that is down: after some failures in a row nothing is sent for a while, then one
// request at a time tries whether it is back. All others are told when to come again, spread over time, so that they
// hold nothing meanwhile and don't come all at once afterwards. By address, which is a source's name or, where its
// address depends on the tenant, that and the tenant. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "engine/failure.hpp"
#include "engine/ports.hpp"

namespace sluice::host {

struct breaker_limits {
  int failures = 5;  // in a row
  // Shut for so long at first, doubled by each try that fails.
  std::int64_t first_us = 1'000'000, longest_us = 20'000'000;
  std::int64_t essential_us =
      1'000'000;  // a request that somebody waits for may try so long after the last one
};

class breaker {
 public:
  explicit breaker(engine::clock_port& clock, breaker_limits limits = {}) : clock_(clock), limits_(limits) {}

  // Told, without a lock, when it opens and shuts. `code`: of the failure that shut it; empty: it is open again.
  void on_change(std::function<void(const std::string& address, const std::string& code)> tell);

  // One request. What ends without a word about how it went says nothing of the upstream.
  class passage {
   public:
    // Throws failure (throttled, SLU-6070, with how long to wait) when nothing may be sent now. Null: always open.
    passage(breaker* of, std::string address, bool essential);
    passage(const passage&) = delete;
    passage& operator=(const passage&) = delete;
    ~passage();
    void good() noexcept { went_ = how::good; }
    void failed(const engine::failure& why);

   private:
    enum class how : std::uint8_t { unknown, good, bad };
    breaker* of_;
    std::string address_, code_;
    bool tries_ = false;
    how went_ = how::unknown;
    friend class breaker;
  };

  // Addresses that are shut now.
  [[nodiscard]] std::size_t shut_now() const;

 private:
  struct state {
    int failures = 0;
    bool trying = false;
    std::int64_t shut_us = 0, until_us = 0, tried_us = 0;  // shut_us 0: open
    std::int64_t told = 0;                                 // to come again, since it shut
    std::string code;
  };
  [[nodiscard]] bool enter(const std::string& address, bool essential);
  void leave(const passage& p);
  [[nodiscard]] engine::failure come_again(const std::string& address, state& s, bool essential) const;
  void shut(state& s, const passage& p) const;

  engine::clock_port& clock_;
  breaker_limits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, state, std::less<>> states_;  // of those that have failed last
  std::function<void(const std::string&, const std::string&)> tell_;
};

}  // namespace sluice::host
