// How fast runs end while others wait for their places: what one who waits behind many can go by. How long a run takes
// says less, since that changes with how many run beside it. Not thread-safe: its owner has the lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sluice::host {

class end_pace {
 public:
  // One has ended. `others_wait`: for its place, or for any.
  void ended(std::int64_t now_us, bool others_wait) {
    if (waited_) {
      ++seen_;
      between_us_ += (static_cast<double>(now_us - last_us_) - between_us_) / std::min(seen_, remembered);
    } else {
      seen_ = 0;
      between_us_ = 0;
    }
    last_us_ = now_us;
    waited_ = others_wait;
  }
  // Until so many have ended. Nothing: too few have lately.
  [[nodiscard]] std::optional<std::int64_t> until_us(std::size_t ends) const {
    if (!waited_ || seen_ < enough) return std::nullopt;
    return static_cast<std::int64_t>(between_us_ * static_cast<double>(ends));
  }

 private:
  static constexpr int enough = 16, remembered = 64;

  int seen_ = 0;
  double between_us_ = 0;
  std::int64_t last_us_ = 0;
  bool waited_ = false;
};

}  // namespace sluice::host
