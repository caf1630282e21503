#include "host/source_health.hpp"

#include <algorithm>

namespace sluice::host {

namespace {

constexpr std::size_t remembered_addresses = 1'000;  // that are well

}  // namespace

source_health::request::request(source_health* to, std::string address)
    : to_(to), address_(std::move(address)) {
  if (to_ == nullptr) return;
  began_us_ = to_->clock_.steady_us();
  to_->began(address_, began_us_);
}

source_health::request::~request() {
  if (to_ != nullptr) to_->ended(address_, began_us_, went_);
}

void source_health::on_recovery(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void source_health::began(const std::string& address, std::int64_t at_us) {
  const std::lock_guard lock(mutex_);
  if (states_.size() >= remembered_addresses)
    std::erase_if(states_, [&](const auto& s) { return s.second.began_us.empty() && !sick(s.second); });
  states_[address].began_us.insert(at_us);
}

void source_health::ended(const std::string& address, std::int64_t began_us, how went) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    state& s = states_[address];
    const bool was_sick = sick(s);
    s.began_us.erase(s.began_us.find(began_us));
    if (went == how::good) {
      s.answered_us = clock_.steady_us();
      const std::int64_t took = s.answered_us - began_us;
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
  // What hangs while others are answered is no matter of the source, but of a tenant.
  return !s.began_us.empty() &&
         clock_.steady_us() - std::max(*s.began_us.begin(), s.answered_us) > limits_.slow_us;
}

bool source_health::sick(const std::string& address) const {
  const std::lock_guard lock(mutex_);
  const auto at = states_.find(address);
  return at != states_.end() && sick(at->second);
}

std::size_t source_health::known() const {
  const std::lock_guard lock(mutex_);
  return states_.size();
}

bool source_health::any_sick(const std::string& source) const {
  const std::lock_guard lock(mutex_);
  for (auto at = states_.lower_bound(source); at != states_.end() && at->first.starts_with(source); ++at) {
    if (source_of(at->first) == source && sick(at->second)) return true;
  }
  return false;
}

}  // namespace sluice::host
