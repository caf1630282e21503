#include "host/admission.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/source_health.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;
using engine::urgency;

namespace {

// Something of a share is always there.
int share_of(int all, double share) {
  return std::min(all, std::max(1, static_cast<int>(std::floor(share * all + 1e-9))));
}

void blend(std::int64_t& mean, std::int64_t took) { mean = mean == 0 ? took : mean + (took - mean) / 8; }

}  // namespace

admission::admission(admission_limits limits, engine::clock_port& clock, engine::random_port& random,
                     sick_fn sick)
    : limits_(limits),
      background_places_(share_of(limits.active_runs, 1 - limits.essential_reserved)),
      background_queue_(share_of(limits.queued_runs, 1 - limits.essential_reserved)),
      tenant_places_(share_of(limits.active_runs, limits.tenant_share)),
      tenant_queue_(share_of(limits.queued_runs, limits.tenant_share)),
      sick_places_(share_of(limits.active_runs, limits.sick_share)),
      sick_queue_(share_of(limits.queued_runs, limits.sick_share)),
      clock_(clock),
      random_(random),
      sick_(std::move(sick)),
      starts_(limits.starts) {}

admission::place::~place() { owner_.leave(*this); }

std::unique_lock<std::mutex> admission::begin() const {
  std::unique_lock lock(mutex_);
  looked_at_.clear();
  return lock;
}

// Asked once each time that something happens: the same few sources are named by every run.
bool admission::is_sick(const std::string& source) const {
  for (const auto& [name, sick] : looked_at_) {
    if (name == source) return sick;
  }
  return looked_at_.emplace_back(source, sick_(source)).second;
}

// The share is that of all that is sick of a source, whomever it is sick for: else many would have a share each.
bool admission::is_sick(const admission_ask& ask, std::string_view source) const {
  return std::any_of(ask.sources.begin(), ask.sources.end(),
                     [&](const std::string& s) { return source_of(s) == source && is_sick(s); });
}

bool admission::is_slow(const place& p) const {
  return p.ask_.how == urgency::essential && slow_.is_slow(p.ask_.tenant, clock_.steady_us());
}

void admission::look_at_times() {
  const std::int64_t now_us = clock_.steady_us();
  const bool in_the_way = queue_.size(urgency::essential) > 0 && occupied() >= limits_.active_runs;
  for (const place* p : active_) {
    if (p->ask_.how != urgency::essential) continue;
    const std::int64_t for_us = now_us - p->began_us_;
    if (in_the_way ? slow_.hangs_in_the_way(for_us, now_us, limits_.active_runs) : slow_.hangs(for_us))
      slow_.remember(p->ask_.tenant, now_us);
  }
}

admission::crew admission::under_way() const {
  std::map<std::string, int> at_source;
  int slow = 0;
  crew out;
  for (const place* p : active_) {
    bool beyond = false;
    for (const std::string& s : p->ask_.sources)
      beyond |= is_sick(s) && ++at_source[std::string(source_of(s))] > sick_places_;
    beyond |= is_slow(*p) && ++slow > sick_places_;
    if (!beyond) ++(p->ask_.how == urgency::essential ? out.essential : out.background);
  }
  return out;
}

// Places that are taken: of the runs at a sick source, and of those that nobody waits for, only their share. Their
// number has a bound of its own, so that runs that lend their places don't fill the host.
int admission::occupied() const {
  if (static_cast<int>(active_.size()) >= 2 * limits_.active_runs) return limits_.active_runs;
  const crew all = under_way();
  return all.essential + std::min(all.background, background_places_);
}

bool admission::may_begin(const admission_ask& ask) const {
  if (ask.how == urgency::background && under_way().background >= background_places_) return false;
  const auto own = std::count_if(active_.begin(), active_.end(),
                                 [&](const place* p) { return p->ask_.tenant == ask.tenant; });
  if (own >= tenant_places_) return false;
  if (ask.how == urgency::essential && slow_.is_slow(ask.tenant, clock_.steady_us())) {
    const auto slow =
        std::count_if(active_.begin(), active_.end(), [&](const place* p) { return is_slow(*p); });
    if (slow >= sick_places_) return false;
  }
  return std::all_of(ask.sources.begin(), ask.sources.end(), [&](const std::string& s) {
    if (!is_sick(s)) return true;
    const auto there = std::count_if(active_.begin(), active_.end(),
                                     [&](const place* p) { return is_sick(p->ask_, source_of(s)); });
    return there < sick_places_;
  });
}

void admission::queue(place& p) {
  p.came_us_ = clock_.steady_us();
  queue_.push({p.ask_.how, p.ask_.tenant}, &p);
  ++queued_of_[p.ask_.tenant];
  for (const std::string& s : p.ask_.sources) ++queued_at_[s];
}

void admission::unqueue(const place& p) {
  if (--queued_of_[p.ask_.tenant] == 0) queued_of_.erase(p.ask_.tenant);
  for (const std::string& s : p.ask_.sources) {
    if (--queued_at_[s] == 0) queued_at_.erase(s);
  }
}

std::vector<std::function<void()>> admission::let_in() {
  std::vector<std::function<void()>> go;
  look_at_times();
  while (occupied() < limits_.active_runs) {
    const auto next =
        queue_.take([&](urgency, std::string_view, const place* p) { return may_begin(p->ask_); });
    if (!next) break;
    place& p = **next;
    unqueue(p);
    p.active_ = true;
    p.began_us_ = clock_.steady_us();
    if (p.ask_.how == urgency::essential) slow_.moved(p.began_us_);
    ++passed_.runs;
    passed_.waited_us += p.began_us_ - p.came_us_;
    p.at_ = active_.insert(active_.end(), &p);
    go.push_back(std::move(p.go_));
  }
  return go;
}

std::unique_ptr<admission::place> admission::enter(admission_ask ask, std::function<void()> go) {
  std::unique_ptr<place> out(new place(*this));
  out->ask_ = std::move(ask);
  out->go_ = std::move(go);
  std::vector<std::function<void()>> now;
  std::optional<failure> full;
  {
    const auto lock = begin();
    const crowd others = before(out->ask_.tenant, out->ask_.how);
    full = out->ask_.known ? std::nullopt : why_not(out->ask_, others);
    queue(*out);
    now = let_in();
    if (full && !out->active_) {
      queue_.remove([&](const place* p) { return p == out.get(); });
      unqueue(*out);
    } else {
      full.reset();
    }
  }
  for (const auto& f : now) f();
  if (full) throw failure(*full);
  return out;
}

void admission::essential_took(const std::string& tenant, std::int64_t us) {
  const std::int64_t now_us = clock_.steady_us();
  // What hangs has lent its place, and keeps nobody waiting.
  if (!slow_.hangs(us)) {
    blend(mean_essential_us_, us);
    pace_.ended(now_us, queue_.size(urgency::essential) > 0);
  }
  slow_.ended(tenant, us, now_us);
}

void admission::leave(place& p) {
  std::vector<std::function<void()>> go;
  {
    const auto lock = begin();
    if (p.active_) {
      const std::int64_t took = clock_.steady_us() - p.began_us_;
      blend(mean_us_, took);
      if (p.ask_.how == urgency::essential) essential_took(p.ask_.tenant, took);
      active_.erase(p.at_);
    } else if (queue_.remove([&](const place* other) { return other == &p; }) > 0) {
      unqueue(p);
    }
    go = let_in();
  }
  for (const auto& f : go) f();
}

void admission::demote(place& p) {
  std::vector<std::function<void()>> go;
  {
    const auto lock = begin();
    if (!p.active_ || p.ask_.how == urgency::background) return;
    p.ask_.how = urgency::background;
    essential_took(p.ask_.tenant, clock_.steady_us() - p.began_us_);
    go = let_in();
  }
  for (const auto& f : go) f();
}

void admission::look_again() {
  std::vector<std::function<void()>> go;
  {
    const auto lock = begin();
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

int admission::background_room() const {
  const auto lock = begin();
  const int waiting = static_cast<int>(queue_.size(urgency::background));
  return std::max(0, background_queue_ - waiting) + std::max(0, background_places_ - under_way().background);
}

admission::passed admission::so_far() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

void admission::count_start(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  starts_.spend(tenant, clock_.steady_us());
}

}  // namespace sluice::host
