// Tenants whose runs, or whose requests to a source, take far longer than those of others: their upstream is slow for them, whatever it is for others. The
// usual time is a median, so that a few that hang don't pass for it. It says little where the host was busy before, and
// nothing more is learnt once those that hang have all places; that nothing moves any more says enough then.
// Not thread-safe: its owner has the lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sluice::host {

class slow_tenants {
 public:
  // Under way for so long, and not over yet.
  [[nodiscard]] bool hangs(std::int64_t for_us) const {
    return usual_us_ > 0 && for_us > std::max(least_us, far * usual_us_);
  }
  // The same, where all places are taken and others wait.
  [[nodiscard]] bool hangs_in_the_way(std::int64_t for_us, std::int64_t now_us, int places) const {
    const std::int64_t still_us = now_us - moved_us_;
    return hangs(for_us) || (for_us > least_us && still_us > std::max(least_us, far * usual_us_ / places));
  }
  // One has begun or ended.
  void moved(std::int64_t now_us) { moved_us_ = now_us; }
  // One has lasted so long.
  void ended(const std::string& tenant, std::int64_t took_us, std::int64_t now_us) {
    if (hangs(took_us)) remember(tenant, now_us);
    else until_us_.erase(tenant);
    const std::int64_t step_us = std::max<std::int64_t>(1, usual_us_ / 16);
    moved(now_us);
    usual_us_ = usual_us_ == 0
                    ? std::max<std::int64_t>(1, took_us)
                    : std::max<std::int64_t>(1, usual_us_ + (took_us > usual_us_ ? step_us : -step_us));
  }
  // One of them hangs.
  void remember(const std::string& tenant, std::int64_t now_us) {
    if (until_us_.size() >= most) std::erase_if(until_us_, [&](const auto& t) { return t.second <= now_us; });
    if (until_us_.size() < most || until_us_.contains(tenant)) until_us_[tenant] = now_us + remembered_us;
  }
  [[nodiscard]] bool is_slow(std::string_view tenant, std::int64_t now_us) const {
    const auto at = until_us_.find(tenant);
    return at != until_us_.end() && at->second > now_us;
  }

 private:
  static constexpr std::int64_t far = 8, least_us = 2'000'000, remembered_us = 60'000'000;
  static constexpr std::size_t most = 10'000;

  std::int64_t usual_us_ = 0, moved_us_ = 0;
  std::map<std::string, std::int64_t, std::less<>> until_us_;  // by tenant; steady
};

}  // namespace sluice::host
