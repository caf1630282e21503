#include "cluster.hpp"

#include <algorithm>

namespace sluice::sim {

namespace {

constexpr int most_disturbances = 12;
constexpr std::int64_t longest_leave_us = 600'000'000;  // some requests may be late, one after the other

}  // namespace

cluster::cluster(const surroundings& around) : around_(around), world_(around.time) {
  for (int i = 0; i < (around_.drawn.two_hosts ? 2 : 1); ++i) start(i);
}

host* cluster::at(int index) {
  slot& s = slots_[around_.drawn.two_hosts ? static_cast<std::size_t>(index) : 0];
  return s.process && !s.process->leaving() ? s.process.get() : nullptr;
}

std::int64_t cluster::next_disturbance() {
  const std::int64_t every = around_.drawn.hosts.handlers;
  if (every == 0 || !around_.now.faults || crashes_ + pauses_ >= most_disturbances) return INT64_MAX;
  return world_.between(1, 2 * every);
}

void cluster::start(int index) {
  slot& s = slots_[static_cast<std::size_t>(index)];
  const caller who{index, ++processes_};
  living_.insert(who.process);
  s.process = std::make_unique<host>(around_, who);
  s.handlers = next_disturbance();
  s.left_us = 0;
  world_.note("starts", index);
}

// Its place is free at once; requests that are under way may arrive, or die with it.
void cluster::stop(slot& s) {
  const int index = s.process->who().host;
  living_.erase(s.process->who().process);
  dying_.push_back(std::move(s.process));
  s.process = nullptr;
  if (!around_.now.faults || !world_.chance(around_.drawn.hosts.in_flight)) dying_.pop_back();
  world_.after(world_.between(10'000, 40'000'000), [this, index] { start(index); });
}

void cluster::disturb(slot& s) {
  const double x = static_cast<double>(world_.between(0, 999)) / 1000;
  const int index = s.process->who().host;
  if (x < around_.drawn.hosts.pause) {
    ++pauses_;
    const std::int64_t us = world_.between(100'000, 120'000'000);  // a lease lasts for 30 s
    world_.note("pauses for " + std::to_string(us) + " us", index);
    s.paused_until_us = world_.now_us() + us;
    s.handlers = next_disturbance();
    world_.after(us, [] {});
    return;
  }
  ++crashes_;
  if (x < around_.drawn.hosts.pause + around_.drawn.hosts.leave) {
    world_.note("leaves", index);
    s.left_us = world_.now_us();
    s.handlers = INT64_MAX;
    s.process->leave();
    return;
  }
  world_.note("crashes", index);
  stop(s);
}

bool cluster::step_one(slot& s) {
  if (!s.process || s.quiet || s.paused_until_us > world_.now_us()) return false;
  if (s.process->step()) {
    if (--s.handlers <= 0) disturb(s);
    return true;
  }
  s.quiet = true;
  if (s.left_us == 0) return false;
  if (s.process->ended()) {
    stop(s);
    return true;
  }
  if (world_.now_us() - s.left_us > longest_leave_us) stuck_ = "a host that was asked to leave never ends";
  return false;
}

void cluster::bury() {
  std::erase_if(dying_, [](const auto& h) { return h->under_way() == 0; });
}

bool cluster::step() {
  if (!dying_.empty()) bury();
  const std::size_t first = around_.drawn.two_hosts ? static_cast<std::size_t>(world_.draw() & 1U) : 0;
  if (step_one(slots_[first]) || step_one(slots_[1 - first])) return true;
  for (slot& s : slots_) s.quiet = false;
  return world_.advance();
}

void cluster::calm() {
  for (slot& s : slots_) {
    s.paused_until_us = 0;
    s.handlers = INT64_MAX;
  }
}

}  // namespace sluice::sim
