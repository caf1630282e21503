#include "host/breaker.hpp"

#include <algorithm>
#include <utility>

namespace sluice::host {

using engine::failure;
using engine::failure_class;

breaker::passage::passage(breaker* of, std::string address, bool essential)
    : of_(of), address_(std::move(address)) {
  if (of_ != nullptr) tries_ = of_->enter(address_, essential);
}

breaker::passage::~passage() {
  if (of_ != nullptr) of_->leave(*this);
}

void breaker::passage::failed(const failure& why) {
  switch (why.kind()) {
    case failure_class::transient: went_ = how::bad; break;
    // These are answers of an upstream that is well.
    case failure_class::throttled:
    case failure_class::denied:
    case failure_class::not_found: went_ = how::good; break;
    default: break;
  }
  code_ = why.code();
}

void breaker::on_change(std::function<void(const std::string&, const std::string&)> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

bool breaker::enter(const std::string& address, bool essential) {
  const std::lock_guard lock(mutex_);
  const auto at = states_.find(address);
  if (at == states_.end() || at->second.shut_us == 0) return false;
  state& s = at->second;
  const std::int64_t now = clock_.steady_us();
  const bool due = now >= s.until_us || (essential && now >= s.tried_us + limits_.essential_us);
  if (s.trying || !due) throw failure(come_again(address, s, essential));
  s.trying = true;
  s.tried_us = now;
  return true;
}

// Each a little later than the one before, so that they are spread over as long as it is shut for.
failure breaker::come_again(const std::string& address, state& s, bool essential) const {
  constexpr std::int64_t parts = 64;
  const std::int64_t now = clock_.steady_us();
  const std::int64_t span = essential ? std::min(s.shut_us, limits_.essential_us) : s.shut_us;
  const std::int64_t due = essential ? std::min(s.until_us, s.tried_us + limits_.essential_us) : s.until_us;
  // While one tries, nobody knows for how long it will.
  const std::int64_t left = std::max(due - now, s.trying ? span : span / 4);
  const std::int64_t wait = left + span * (s.told++ % parts) / parts;
  return {failure_class::throttled, "SLU-6070",
          "source `" + address + "` does not answer as it should (last " + s.code +
              "): one request at a time tries whether it is back, and this one comes again in " +
              std::to_string((wait + 999'999) / 1'000'000) + " s",
          wait};
}

void breaker::shut(state& s, const passage& p) const {
  ++s.failures;
  s.code = p.code_;
  const bool was_open = s.shut_us == 0;
  if (was_open && s.failures < limits_.failures) return;
  if (!was_open && !p.tries_) return;  // sent before it shut
  s.shut_us = was_open ? limits_.first_us : std::min(limits_.longest_us, 2 * s.shut_us);
  s.tried_us = clock_.steady_us();
  s.until_us = s.tried_us + s.shut_us;
  s.told = 0;
}

void breaker::leave(const passage& p) {
  std::function<void(const std::string&, const std::string&)> tell;
  {
    const std::lock_guard lock(mutex_);
    const auto at = states_.find(p.address_);
    const bool was_shut = at != states_.end() && at->second.shut_us > 0;
    if (p.tries_ && at != states_.end()) at->second.trying = false;
    if (p.went_ == passage::how::good) {
      // An answer to what was sent before it shut is as good a sign as any.
      if (at != states_.end()) states_.erase(at);
      if (was_shut) tell = tell_;
    } else if (p.went_ == passage::how::bad) {
      state& s = states_[p.address_];
      shut(s, p);
      if (!was_shut && s.shut_us > 0) tell = tell_;
    }
  }
  if (tell) tell(p.address_, p.went_ == passage::how::good ? std::string() : p.code_);
}

std::size_t breaker::shut_now() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(states_.begin(), states_.end(), [](const auto& s) { return s.second.shut_us > 0; }));
}

}  // namespace sluice::host
