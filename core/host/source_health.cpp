#include "host/source_health.hpp"

namespace sluice::host {

source_health::request::request(source_health* to, const std::string& pipeline, const std::string& source)
    : to_(to) {
  if (to_ == nullptr) return;
  source_ = health_name(pipeline, source);
  began_us_ = to_->clock_.steady_us();
  to_->began(source_, began_us_);
}

source_health::request::~request() {
  if (to_ != nullptr) to_->ended(source_, began_us_, went_);
}

void source_health::on_recovery(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void source_health::began(const std::string& source, std::int64_t at_us) {
  const std::lock_guard lock(mutex_);
  sources_[source].began_us.insert(at_us);
}

void source_health::ended(const std::string& source, std::int64_t began_us, how went) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    state& s = sources_[source];
    const bool was_sick = sick(s);
    s.began_us.erase(s.began_us.find(began_us));
    if (went == how::good) {
      const std::int64_t took = clock_.steady_us() - began_us;
      s.failures = 0;
      s.mean_us = s.mean_us == 0 ? took : s.mean_us + (took - s.mean_us) / 4;
    } else if (went == how::bad) {
      ++s.failures;
    }
    if (was_sick && !sick(s)) tell = tell_;
  }
  if (tell) tell();
}

bool source_health::sick(const state& s) const {
  if (s.failures >= limits_.failures || s.mean_us > limits_.slow_us) return true;
  return !s.began_us.empty() && clock_.steady_us() - *s.began_us.begin() > limits_.slow_us;
}

bool source_health::sick(const std::string& source) const {
  const std::lock_guard lock(mutex_);
  const auto at = sources_.find(source);
  return at != sources_.end() && sick(at->second);
}

}  // namespace sluice::host
