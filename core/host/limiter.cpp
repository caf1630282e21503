#include "host/limiter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sluice::host {

using boost::asio::awaitable;
using engine::turn;
using engine::urgency;

namespace {

constexpr std::size_t remembered_tenants = 256;  // without a request under way

}  // namespace

// In the queue until it has a slot or goes away, whatever becomes of the coroutine that waits.
class limiter::waiter {
 public:
  waiter(limiter& owner, turn of) : owner_(owner), woken_(owner.executor_) {
    owner_.queue_.push(of, this);
    ++owner_.had_to_wait_;
  }
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  ~waiter() {
    if (granted_ != nullptr) owner_.release(*granted_);
    if (granted_ != nullptr || taken_) return;
    owner_.queue_.remove([this](const waiter* w) { return w == this; });
    if (owner_.queue_.empty()) owner_.stop_pacing();
  }

  void grant(int* of_tenant) {
    granted_ = of_tenant;
    woken_.notify();
  }
  void wake() { woken_.notify(); }
  awaitable<void> wait() { return woken_.wait(); }
  [[nodiscard]] bool granted() const { return granted_ != nullptr; }
  [[nodiscard]] slot take() {
    taken_ = true;
    return {&owner_, std::exchange(granted_, nullptr)};
  }

 private:
  limiter& owner_;
  engine::event woken_;
  int* granted_ = nullptr;
  bool taken_ = false;
};

limiter::limiter(boost::asio::any_io_executor on, engine::clock_port& clock, request_limits limits)
    : executor_(std::move(on)), clock_(clock), limits_(limits) {
  const int reserved = static_cast<int>(std::ceil(limits.essential_reserved * limits.in_flight));
  background_cap_ = std::max(1, limits.in_flight - reserved);
}

limiter::~limiter() { stop_pacing(); }

bool limiter::free_for(urgency u) const {
  return active_ < (u == urgency::essential ? limits_.in_flight : background_cap_);
}

std::int64_t limiter::until_start() const {
  return limits_.rate_per_second <= 0 ? 0 : std::max<std::int64_t>(0, next_start_us_ - clock_.steady_us());
}

int& limiter::of_tenant(std::string_view tenant) {
  if (const auto at = by_tenant_.find(tenant); at != by_tenant_.end()) return at->second;
  if (by_tenant_.size() >= remembered_tenants)
    std::erase_if(by_tenant_, [](const auto& t) { return t.second == 0; });
  return by_tenant_.emplace(tenant, 0).first->second;
}

// `on_time`: it was only the rate that it waited for, so a late wake-up costs nothing of the rate.
int* limiter::begin(std::string_view tenant, bool on_time) {
  if (limits_.rate_per_second > 0) {
    const auto period = static_cast<std::int64_t>(1e6 / limits_.rate_per_second);
    const std::int64_t now = clock_.steady_us();
    const bool late = on_time && now - next_start_us_ < period;
    next_start_us_ = (late ? next_start_us_ : std::max(now, next_start_us_)) + period;
  }
  ++active_;
  int& n = of_tenant(tenant);
  ++n;
  return &n;
}

void limiter::grant(bool on_time) {
  while (!queue_.empty()) {
    // While essential requests wait, nothing else may start.
    const urgency next = queue_.size(urgency::essential) > 0 ? urgency::essential : urgency::background;
    if (!free_for(next)) return;
    if (const std::int64_t wait = until_start(); wait > 0) return pace(wait);
    int fewest = std::numeric_limits<int>::max();
    static_cast<void>(queue_.take([&](urgency u, std::string_view tenant, waiter*) {
      if (u == next) fewest = std::min(fewest, of_tenant(tenant));
      return false;
    }));
    std::string whose;
    const auto first = queue_.take([&](urgency u, std::string_view tenant, waiter*) {
      if (u != next || of_tenant(tenant) != fewest) return false;
      whose = tenant;  // the queue may forget the name with its last request
      return true;
    });
    (*first)->grant(begin(whose, std::exchange(on_time, false)));
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
  if (queue_.empty() && free_for(of.how) && until_start() == 0) co_return slot(this, begin(of.tenant, false));
  waiter self(*this, of);
  const auto wake = stop.on_stop([&self] { self.wake(); });
  grant(false);
  while (!self.granted() && !stop.stopped()) co_await self.wait();
  stop.throw_if_stopped();
  co_return self.take();
}

void limiter::release(int& of_tenant) {
  --active_;
  --of_tenant;
  grant(false);
}

}  // namespace sluice::host
