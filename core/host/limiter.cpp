#include "host/limiter.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sluice::host {

namespace {

constexpr std::size_t remembered_tenants = 256;     // without a request under way
constexpr std::int64_t proof_lasts_us = 2'000'000;  // that a tenant's upstream answers

}  // namespace

using boost::asio::awaitable;
using engine::turn;
using engine::urgency;

// In the queue until it has a slot or goes away, whatever becomes of the coroutine that waits.
class limiter::waiter {
 public:
  waiter(limiter& owner, turn of) : owner_(owner), tenant_(of.tenant), woken_(owner.executor_) {
    owner_.queue_.push(of, this);
    ++owner_.had_to_wait_;
  }
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  ~waiter() {
    if (granted_) owner_.release(*granted_);
    if (granted_ || taken_) return;
    owner_.queue_.remove([this](const waiter* w) { return w == this; });
    if (owner_.queue_.empty()) owner_.stop_pacing();
  }

  void grant(place at) {
    granted_ = at;
    woken_.notify();
  }
  void wake() { woken_.notify(); }
  awaitable<void> wait() { return woken_.wait(); }
  [[nodiscard]] bool granted() const { return granted_.has_value(); }
  [[nodiscard]] const std::string& tenant() const { return tenant_; }
  [[nodiscard]] slot take() {
    taken_ = true;
    return {&owner_, *std::exchange(granted_, std::nullopt)};
  }

 private:
  limiter& owner_;
  std::string tenant_;
  engine::event woken_;
  std::optional<place> granted_;
  bool taken_ = false;
};

limiter::limiter(boost::asio::any_io_executor on, engine::clock_port& clock, request_limits limits)
    : executor_(std::move(on)), clock_(clock), limits_(limits) {
  const int reserved = static_cast<int>(std::ceil(limits.essential_reserved * limits.in_flight));
  background_cap_ = std::max(1, limits.in_flight - reserved);
  slow_cap_ = std::max(1, static_cast<int>(limits.slow_share * limits.in_flight));
}

limiter::~limiter() { stop_pacing(); }

bool limiter::free_for(urgency u) const {
  return active() < (u == urgency::essential ? limits_.in_flight : background_cap_);
}

std::int64_t limiter::until_start() const {
  return limits_.rate_per_second <= 0 ? 0 : std::max<std::int64_t>(0, next_start_us_ - clock_.steady_us());
}

int limiter::of_tenant(std::string_view tenant) const {
  const auto at = by_tenant_.find(tenant);
  return at == by_tenant_.end() ? 0 : at->second.under_way;
}

void limiter::look_at_times() {
  const std::int64_t now_us = clock_.steady_us();
  hanging_ = 0;
  for (const request& r : under_way_) {
    if (!slow_.hangs(now_us - r.began_us)) break;
    slow_.remember(r.tenant, now_us);
    ++hanging_;
  }
}

bool limiter::may_begin(std::string_view tenant) const {
  const std::int64_t now_us = clock_.steady_us();
  if (slow_.is_slow(tenant, now_us)) {
    int held = 0;
    for (const auto& [name, of] : by_tenant_) held += slow_.is_slow(name, now_us) ? of.under_way : 0;
    return held < slow_cap_;
  }
  const auto at = by_tenant_.find(tenant);
  return hanging_ < slow_cap_ || at == by_tenant_.end() || at->second.under_way == 0 ||
         now_us - at->second.answered_us < proof_lasts_us;
}

// `on_time`: it was only the rate that it waited for, so a late wake-up costs nothing of the rate.
limiter::place limiter::begin(std::string_view tenant, bool on_time) {
  if (limits_.rate_per_second > 0) {
    const auto period = static_cast<std::int64_t>(1e6 / limits_.rate_per_second);
    const std::int64_t now = clock_.steady_us();
    const bool late = on_time && now - next_start_us_ < period;
    next_start_us_ = (late ? next_start_us_ : std::max(now, next_start_us_)) + period;
  }
  auto at = by_tenant_.find(tenant);
  if (at == by_tenant_.end()) {
    if (by_tenant_.size() >= remembered_tenants)
      std::erase_if(by_tenant_, [](const auto& t) { return t.second.under_way == 0; });
    at = by_tenant_.emplace(tenant, party{}).first;
  }
  ++at->second.under_way;
  return under_way_.insert(under_way_.end(), {std::string(tenant), clock_.steady_us()});
}

// Of the essential ones, while there are any that may start, else of the others: that of the tenant with the fewest.
limiter::waiter* limiter::next() {
  for (const urgency how : {urgency::essential, urgency::background}) {
    if (!free_for(how)) return nullptr;
    std::optional<int> fewest;
    static_cast<void>(queue_.take([&](urgency u, std::string_view tenant, waiter*) {
      if (u == how && may_begin(tenant))
        fewest = std::min(fewest.value_or(of_tenant(tenant)), of_tenant(tenant));
      return false;
    }));
    if (!fewest) continue;
    return *queue_.take([&](urgency u, std::string_view tenant, waiter*) {
      return u == how && of_tenant(tenant) == *fewest && may_begin(tenant);
    });
  }
  return nullptr;
}

void limiter::grant(bool on_time) {
  look_at_times();
  while (!queue_.empty() && free_for(urgency::essential)) {
    if (const std::int64_t wait = until_start(); wait > 0) return pace(wait);
    waiter* const w = next();
    if (w == nullptr) return;
    w->grant(begin(w->tenant(), std::exchange(on_time, false)));
  }
}

void limiter::pace(std::int64_t wait_us) {
  if (pacing_) return;
  pacing_ = std::make_shared<engine::stop_source>();
  boost::asio::co_spawn(executor_, start_later(this, pacing_, wait_us), boost::asio::detached);
}

awaitable<void> limiter::start_later(limiter* self, std::shared_ptr<engine::stop_source> stop,
                                     std::int64_t wait_us) {
  co_await self->clock_.sleep(wait_us, *stop);
  if (stop->stopped()) co_return;  // the limiter may be gone
  self->pacing_.reset();
  self->grant(true);
}

void limiter::stop_pacing() {
  if (const auto pacing = std::exchange(pacing_, nullptr)) {
    pacing->stop({engine::failure_class::cancelled, "SLU-6001", "nobody waits for the source any more"});
  }
}

awaitable<limiter::slot> limiter::acquire(turn of, engine::stop_source& stop) {
  stop.throw_if_stopped();
  look_at_times();
  if (queue_.empty() && free_for(of.how) && until_start() == 0 && may_begin(of.tenant))
    co_return slot(this, begin(of.tenant, false));
  waiter self(*this, of);
  const auto wake = stop.on_stop([&self] { self.wake(); });
  grant(false);
  while (!self.granted() && !stop.stopped()) co_await self.wait();
  stop.throw_if_stopped();
  co_return self.take();
}

void limiter::release(place at) {
  const std::int64_t now_us = clock_.steady_us();
  slow_.ended(at->tenant, now_us - at->began_us, now_us);
  party& of = by_tenant_.find(at->tenant)->second;
  --of.under_way;
  if (!slow_.hangs(now_us - at->began_us)) of.answered_us = now_us;
  under_way_.erase(at);
  grant(false);
}

}  // namespace sluice::host
