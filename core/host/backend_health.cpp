#include "host/backend_health.hpp"

namespace sluice::host {

void backend_health::on_recovery(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

std::optional<std::int64_t> backend_health::note(const std::string& pipeline, const std::string& backend,
                                                 const std::optional<plugin::error>& why_not) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    const auto at = away_.find(backend_name(pipeline, backend));
    if (why_not) {
      const std::int64_t now = clock_.steady_us();
      if (at != away_.end()) return now - at->second.second;
      away_[backend_name(pipeline, backend)] = {
          {pipeline, backend, why_not->code(), why_not->message(), clock_.now_us()}, now};
      return 0;
    }
    if (at == away_.end()) return std::nullopt;
    away_.erase(at);
    tell = tell_;
  }
  if (tell) tell();
  return std::nullopt;
}

bool backend_health::away(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return away_.contains(name);
}

std::vector<backend_standing> backend_health::all_away() const {
  const std::lock_guard lock(mutex_);
  std::vector<backend_standing> out;
  for (const auto& [name, standing] : away_) out.push_back(standing.first);
  return out;
}

void backend_health::forget(const std::string& pipeline) {
  const std::lock_guard lock(mutex_);
  std::erase_if(away_, [&](const auto& a) { return a.second.first.pipeline == pipeline; });
}

}  // namespace sluice::host
