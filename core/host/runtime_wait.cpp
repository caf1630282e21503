// Waiting for the end of a run, here or on another host, and going on with it when that host is gone.
#include <algorithm>
#include <chrono>

#include "host/runtime.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;

runtime::awaiting::awaiting(runtime& at, const std::vector<std::string>& run_ids)
    : at_(at), run_ids_(run_ids) {
  const std::lock_guard lock(at_.mutex_);
  at_.awaited_.insert(run_ids_.begin(), run_ids_.end());
}

runtime::awaiting::~awaiting() {
  const std::lock_guard lock(at_.mutex_);
  for (const std::string& id : run_ids_) at_.awaited_.erase(at_.awaited_.find(id));
}

void runtime::wait_for_store(const failure& why, int failures, std::chrono::steady_clock::time_point until) {
  if (!why.retryable() || std::chrono::steady_clock::now() >= until) throw failure(why);
  const std::int64_t wait_us = std::min<std::int64_t>(5'000'000, 100'000LL << std::min(failures - 1, 6));
  // A connection that was closed while nothing was asked of it is news to nobody.
  if (failures > 1) {
    setup_.log.write(observe::log_level::warn, {.code = why.code()}, why.message(),
                     {{"waits_for", "store"}, {"asked_again_in_ms", wait_us / 1000}, {"failures", failures}});
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(wait_us));
}

bool runtime::elsewhere(const std::shared_ptr<active_run>& active) {
  return active == nullptr || (active->over && is_fenced(active->failed));
}

std::optional<engine::run_row> runtime::wait(const std::string& run_id,
                                             const std::function<bool()>& give_up) {
  // The end of a run of this process is told; that of another host's is asked for.
  constexpr auto look_again = std::chrono::milliseconds(100);
  std::int64_t again_us = 0;
  const awaiting here(*this, {run_id});
  for (;;) {
    const auto active = find(run_id);
    bool ask = true, free = active == nullptr;
    {
      std::unique_lock lock(mutex_);
      if (elsewhere(active)) {
        changed_.wait_for(lock, look_again);
        free = free || active->ended;
      } else {
        ask = changed_.wait_for(lock, look_again, [&] { return active->over; });
        if (active->failed && !is_fenced(active->failed)) throw failure(*active->failed);
        if (active->row && engine::is_terminal(active->row->state)) return active->row;
      }
    }
    if (ask) {
      auto row = ask_store([&](engine::session& s) { return s.show_run(run_id); });
      if (row && engine::is_terminal(row->state)) {
        const std::lock_guard lock(mutex_);
        foreign_.erase(run_id);
        return row;
      }
    }
    // Not while something of an attempt of ours is still under way.
    if (free) go_on_with(run_id, again_us);
    // Without a lock: whoever is asked may cancel the run.
    if (give_up()) return std::nullopt;
  }
}

}  // namespace sluice::host
