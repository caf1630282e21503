#include "host/start_rate.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::host {

double start_rate::left(const bucket& b, std::int64_t now_us) const {
  const double more = static_cast<double>(now_us - b.at_us) * limits_.per_second / 1e6;
  return std::min(static_cast<double>(limits_.at_once), b.left + more);
}

std::int64_t start_rate::wait_us(std::string_view tenant, std::int64_t now_us) const {
  const auto at = buckets_.find(tenant);
  if (limits_.per_second <= 0 || at == buckets_.end()) return 0;
  const double missing = 1 - left(at->second, now_us);
  return missing <= 0 ? 0 : static_cast<std::int64_t>(std::ceil(missing * 1e6 / limits_.per_second));
}

void start_rate::spend(std::string_view tenant, std::int64_t now_us) {
  if (limits_.per_second <= 0) return;
  if (buckets_.size() >= forget_at_) forget_full(now_us);
  auto at = buckets_.find(tenant);
  if (at == buckets_.end()) {
    at = buckets_.emplace(tenant, bucket{static_cast<double>(limits_.at_once), now_us}).first;
  }
  at->second = {left(at->second, now_us) - 1, now_us};
}

// Looked for each time that twice as many are known as were left the last time, so that it costs little.
void start_rate::forget_full(std::int64_t now_us) {
  std::erase_if(buckets_, [&](const auto& b) { return left(b.second, now_us) >= limits_.at_once; });
  forget_at_ = std::max<std::size_t>(1'024, 2 * buckets_.size());
}

}  // namespace sluice::host
