// Lets a burst through, then a steady rate, and counts what it held back. Never waits.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace sluice::plugin {

class rate_gate {
 public:
  using clock = std::chrono::steady_clock;

  // Absent: held back. Else how many were held back since the last one that passed.
  [[nodiscard]] std::optional<std::uint64_t> pass(clock::time_point now = clock::now()) noexcept {
    const std::scoped_lock lock(mutex_);
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    tokens_ = std::min(burst, tokens_ + seconds * per_second);
    if (tokens_ < 1) {
      ++held_back_;
      return std::nullopt;
    }
    tokens_ -= 1;
    const std::uint64_t held = held_back_;
    held_back_ = 0;
    return held;
  }

 private:
  static constexpr double burst = 200, per_second = 50;

  std::mutex mutex_;
  clock::time_point last_ = clock::now();
  double tokens_ = burst;
  std::uint64_t held_back_ = 0;
};

}  // namespace sluice::plugin
