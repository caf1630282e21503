#include "host/admission.hpp"

#include <algorithm>
#include <utility>

namespace sluice::host {

admission::admission(admission_limits limits, engine::clock_port& clock, engine::random_port& random,
                     sick_fn sick)
    : limits_(limits), clock_(clock), random_(random), sick_(std::move(sick)) {}

admission::place::~place() { owner_.leave(*this); }

int admission::share() const {
  return std::max(1, static_cast<int>(limits_.sick_share * limits_.active_runs));
}

// Places that are taken: of the runs at a sick source only its share. Their number has a bound of its own, so
// that sources that fall ill one after the other don't fill the host with runs that wait.
int admission::occupied() const {
  std::map<std::string, int> at_source;
  int n = 0;
  for (const place* p : active_) {
    bool beyond = false;
    for (const std::string& s : p->ask_.sources) beyond |= sick_(s) && ++at_source[s] > share();
    n += beyond ? 0 : 1;
  }
  return static_cast<int>(active_.size()) >= 2 * limits_.active_runs ? limits_.active_runs : n;
}

bool admission::may_begin(const admission_ask& ask) const {
  return std::all_of(ask.sources.begin(), ask.sources.end(), [&](const std::string& s) {
    if (!sick_(s)) return true;
    const auto there = std::count_if(active_.begin(), active_.end(), [&](const place* p) {
      return std::find(p->ask_.sources.begin(), p->ask_.sources.end(), s) != p->ask_.sources.end();
    });
    return there < share();
  });
}

std::vector<std::function<void()>> admission::let_in() {
  std::vector<std::function<void()>> go;
  while (occupied() < limits_.active_runs) {
    const auto next =
        queue_.take([&](engine::urgency, std::string_view, const place* p) { return may_begin(p->ask_); });
    if (!next) break;
    place& p = **next;
    p.active_ = true;
    p.began_us_ = clock_.steady_us();
    p.at_ = active_.insert(active_.end(), &p);
    go.push_back(std::move(p.go_));
  }
  return go;
}

// How long until a place is free for one more, give or take a fifth, so that those who are sent away don't all
// come back at once.
std::int64_t admission::estimate_us() {
  constexpr std::int64_t unknown_us = 5'000'000, least_us = 1'000'000;
  const std::int64_t mean = mean_us_ > 0 ? mean_us_ : unknown_us;
  const auto ahead = static_cast<std::int64_t>(queue_.size()) + 1;
  const std::int64_t wait = std::max(least_us, ahead * mean / std::max(1, limits_.active_runs));
  const double spread =
      0.8 + 0.4 * static_cast<double>(random_.next() >> 11) / static_cast<double>(1ULL << 53);
  return static_cast<std::int64_t>(static_cast<double>(wait) * spread);
}

std::unique_ptr<admission::place> admission::enter(admission_ask ask, std::function<void()> go) {
  std::unique_ptr<place> out(new place(*this));
  out->ask_ = std::move(ask);
  out->go_ = std::move(go);
  std::vector<std::function<void()>> now;
  std::optional<engine::failure> full;
  {
    const std::lock_guard lock(mutex_);
    queue_.push({out->ask_.how, out->ask_.tenant}, out.get());
    now = let_in();
    if (static_cast<int>(queue_.size()) > limits_.queued_runs && !out->active_) {
      queue_.remove([&](const place* p) { return p == out.get(); });
      const std::int64_t wait_us = estimate_us();
      full.emplace(engine::failure_class::throttled, "SLU-6060",
                   "this host has " + std::to_string(active_.size()) + " runs under way and " +
                       std::to_string(queue_.size()) + " in its queue, and takes no more; try again in " +
                       std::to_string((wait_us + 999'999) / 1'000'000) +
                       " s, or raise `limits` in the host file",
                   wait_us);
    }
  }
  for (const auto& f : now) f();
  if (full) throw engine::failure(*full);
  return out;
}

void admission::leave(place& p) {
  std::vector<std::function<void()>> go;
  {
    const std::lock_guard lock(mutex_);
    if (p.active_) {
      const std::int64_t took = clock_.steady_us() - p.began_us_;
      mean_us_ = mean_us_ == 0 ? took : mean_us_ + (took - mean_us_) / 8;
      active_.erase(p.at_);
    } else {
      queue_.remove([&](const place* other) { return other == &p; });
    }
    go = let_in();
  }
  for (const auto& f : go) f();
}

void admission::look_again() {
  std::vector<std::function<void()>> go;
  {
    const std::lock_guard lock(mutex_);
    go = let_in();
  }
  for (const auto& f : go) f();
}

int admission::active() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(active_.size());
}

int admission::queued() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(queue_.size());
}

}  // namespace sluice::host
